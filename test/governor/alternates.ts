import { afterEach } from 'vitest';
import type { Mirror, StartMirror } from '../forms/mirror.ts';
import { pull } from '../forms/pull.ts';
import { makeImage } from '../standins/images/image.ts';
import { randomLayer } from '../standins/images/layer.ts';
import type { Settings } from '../standins/registry/settings.ts';
import { startUpstream, type Upstream } from '../standins/registry/upstream.ts';

/** An image with one layer of 3 MB and one of 200 kB. */
export const image = makeImage({
  layers: [randomLayer('alternate large', 3_000_000), randomLayer('alternate small', 200_000)],
});
export const otherImage = makeImage({ layers: [randomLayer('alternate other', 50_000)] });

export const repository = 'library/app';
export const largeLayer = image.layers[0]?.digest ?? '';

/** Docker Hub and a mirror of it, both as stand-ins, and Pullfront. */
export interface AlternateScene<Started extends Mirror = Mirror> {
  readonly hub: Upstream;
  readonly other: Upstream;
  /** A second mirror of the Hub, `spare.test`, which is no alternate unless a test says so. */
  readonly spare: Upstream;
  readonly mirror: Started;
  pull(tag?: string): ReturnType<typeof pull>;
  manifest(reference?: string, query?: string): Promise<Response>;
  blob(digest?: string): Promise<Response>;
}

/** What the scene differs in. */
export interface AlternateSettings {
  readonly hub?: Partial<Settings>;
  readonly other?: Partial<Settings>;
  readonly upstream?: object;
  readonly upstreams?: object;
  /** Further keys of the configuration. */
  readonly more?: object;
}

/** Opens scenes that end with their test. Both registries have the image as `library/app:1`. */
export function openAlternateScenes<Started extends Mirror>(
  start: StartMirror<Started>,
): (settings?: AlternateSettings) => Promise<AlternateScene<Started>> {
  const open: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });
  return async (settings = {}) => {
    const [hub, other, spare] = await Promise.all([
      startUpstream(settings.hub),
      startUpstream(settings.other),
      startUpstream(),
    ]);
    for (const registry of [hub, other, spare]) {
      open.push(() => registry.close());
      registry.add(repository, image, '1');
    }
    const upstreams = {
      'docker.io': {
        url: hub.url,
        tagTtl: '1ms',
        alternates: ['mirror.test'],
        ...settings.upstream,
      },
      'mirror.test': { url: other.url },
      'spare.test': { url: spare.url },
      ...settings.upstreams,
    };
    const mirror = await start({ upstreams, ...settings.more }, { HUB_TOKEN: 'p' });
    open.push(() => mirror.close());
    return {
      hub,
      other,
      spare,
      mirror,
      pull: (tag = '1') => pull(mirror.url, repository, tag),
      manifest: (reference = '1', query = '') =>
        mirror.get(`/v2/${repository}/manifests/${reference}${query}`),
      blob: (digest = largeLayer) => mirror.get(`/v2/${repository}/blobs/${digest}`),
    };
  };
}
