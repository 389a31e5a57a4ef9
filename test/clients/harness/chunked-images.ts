import { makeImage } from '../../standins/images/image.ts';
import { layer } from '../../standins/images/layer.ts';
import { randomBytes } from '../../standins/images/random-bytes.ts';
import type { Upstream } from '../../standins/registry/upstream.ts';
import { goArchitecture } from './app-image.ts';
import type { ContainersImage } from './containers-image.ts';
import type { Distribution } from './distribution.ts';
import { expectPulled } from './pulling.ts';

const fileBytes = 4_000_000;

/**
 * Pushes two images of one layer in zstd:chunked form to a registry, as tags `1` and `2` of a
 * repository. Two of the three files in the layer are the same in both.
 */
export async function pushChunkedImages(
  { skopeo }: ContainersImage,
  from: Upstream,
  to: Distribution,
  repository: string,
): Promise<void> {
  for (const tag of ['1', '2']) {
    const entries = ['same-a', 'same-b', `other-${tag}`].map((seed, number) => ({
      kind: 'file' as const,
      name: `file-${number}`,
      data: randomBytes(`${repository}-${seed}`, fileBytes),
    }));
    const image = makeImage({ layers: [layer(entries)], architecture: goArchitecture });
    from.add(repository, image, tag);
    expectPulled(
      await skopeo([
        ...['copy', '--quiet', '--src-tls-verify=false', '--dest-tls-verify=false'],
        ...['--dest-compress-format', 'zstd:chunked', '--dest-force-compress-format'],
        `docker://${new URL(from.url).host}/${repository}:${tag}`,
        `docker://${to.address}/${repository}:${tag}`,
      ]),
    );
  }
}
