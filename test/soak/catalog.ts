import type { Content } from '../standins/images/content.ts';
import { type Image, makeImage } from '../standins/images/image.ts';
import { type Layer, randomLayer } from '../standins/images/layer.ts';
import type { Upstream } from '../standins/registry/upstream.ts';

/** A repository with a tag `1` that moves between two images. */
export interface Repository {
  readonly name: string;
  readonly images: readonly Image<Layer>[];
}

/** Everything that clients may get, by digest. */
export interface Catalog {
  readonly repositories: readonly Repository[];
  readonly contents: ReadonlyMap<string, Content>;
}

const repositories = 40;
const layerBytes = [2_000, 90_000, 700_000, 3_000_000] as const;

/** Fills a registry with images, of 150 MB in all. */
export function fillCatalog(upstream: Upstream, prefix: string): Catalog {
  const made = Array.from({ length: repositories }, (_, number): Repository => {
    const name = `${prefix}/app-${number}`;
    const images = ['old', 'new'].map((version) =>
      makeImage({
        layers: [
          randomLayer(`${name}-base`, layerBytes[number % layerBytes.length] ?? 0),
          randomLayer(`${name}-${version}`, layerBytes[(number + 2) % layerBytes.length] ?? 0),
        ],
        architecture: 'amd64',
      }),
    );
    for (const image of images) upstream.add(name, image, '1');
    return { name, images };
  });
  const contents = made
    .flatMap(({ images }) => images)
    .flatMap((image) => [image.manifest, image.config, ...image.layers]);
  return {
    repositories: made,
    contents: new Map(contents.map((content) => [content.digest, content])),
  };
}
