import { afterEach } from 'vitest';
import { makeImage } from '../images/image.ts';
import { randomLayer } from '../images/layer.ts';
import { MirrorProcess } from '../mirror-process/mirror-process.ts';
import { type Pulled, pull } from '../mirror-process/pull.ts';
import type { Settings } from '../upstream/settings.ts';
import { startUpstream, type Upstream } from '../upstream/upstream.ts';

/** An image with one layer of 3 MB and one of 200 kB. */
export const image = makeImage({
  layers: [randomLayer('large', 3_000_000), randomLayer('small', 200_000)],
});

/** The same with another layer: what a tag may move to. */
export const movedImage = makeImage({ layers: [randomLayer('moved', 100_000)] });

export const repository = 'library/app';

/** The digest of the layer of 3 MB. */
export const largeLayer = image.layers[0]?.digest ?? '';

/** A stand-in for docker.io that has `image` as `library/app:1`, and the mirror's process. */
export interface Scene {
  readonly upstream: Upstream;
  readonly mirror: MirrorProcess;
  pull(tag?: string): Promise<Pulled>;
  /** Pulls and waits until nothing of it is left to fill. */
  warm(): Promise<void>;
  manifest(reference?: string, query?: string): Promise<Response>;
  blob(digest?: string, query?: string, init?: RequestInit): Promise<Response>;
}

const open: (() => Promise<void>)[] = [];

/** Ends, after each test of the file, what the test started. */
export function endScenes(): void {
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });
}

/** Starts both. Tags are out of date at once, so that every pull asks the upstream. */
export async function setScene(
  settings: Partial<Settings> = {},
  upstreamConfig: object = {},
  more: object = {},
  environment: Record<string, string> = {},
): Promise<Scene> {
  const upstream = await startUpstream(settings);
  open.push(() => upstream.close());
  upstream.add(repository, image, '1');
  const dockerHub = { url: upstream.url, tagTtl: '1ms', ...upstreamConfig };
  const configuration = { upstreams: { 'docker.io': dockerHub }, ...more };
  const mirror = await MirrorProcess.start(configuration, environment);
  open.push(() => mirror.close());
  const scene: Scene = {
    upstream,
    mirror,
    pull: (tag = '1') => pull(mirror.url, repository, tag),
    warm: async () => {
      await scene.pull();
      for (const { digest } of [image.config, ...image.layers]) await stored(scene, digest);
      upstream.clear();
    },
    manifest: (reference = '1', query = '') =>
      mirror.get(`/v2/${repository}/manifests/${reference}${query}`),
    blob: (digest = largeLayer, query = '', init = {}) =>
      mirror.get(`/v2/${repository}/blobs/${digest}${query}`, init),
  };
  return scene;
}

/** Asks for a blob until it comes out of the store: its Cache-Status is then a hit. */
async function stored(scene: Scene, digest: string): Promise<void> {
  for (;;) {
    const response = await scene.blob(digest);
    await response.arrayBuffer();
    if (response.headers.get('cache-status')?.includes('hit')) return;
  }
}
