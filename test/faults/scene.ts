import { afterEach } from 'vitest';
import type { RestartableMirror, StartMirror } from '../forms/mirror.ts';
import { type Pulled, pull, pullPatiently } from '../forms/pull.ts';
import { type Image, makeImage } from '../standins/images/image.ts';
import { randomLayer } from '../standins/images/layer.ts';
import type { Settings } from '../standins/registry/settings.ts';
import { startUpstream, type Upstream } from '../standins/registry/upstream.ts';

/** An image with one layer of 3 MB and one of 200 kB. */
export const image = makeImage({
  layers: [randomLayer('large', 3_000_000), randomLayer('small', 200_000)],
});

/** The same with another layer: what a tag may move to. */
export const movedImage = makeImage({ layers: [randomLayer('moved', 100_000)] });

export const repository = 'library/app';

/** The digest of the layer of 3 MB. */
export const largeLayer = image.layers[0]?.digest ?? '';

/** What the faults happen to. */
export interface Target<Mirror extends RestartableMirror = RestartableMirror> {
  readonly name: string;
  /**
   * True where all clients of a cold blob follow one fill; elsewhere each of them gets the
   * upstream's redirect, or its bytes, and the fill is one more reader.
   */
  readonly followsFills: boolean;
  /** True where what is stored is there for the next process. */
  readonly outlivesProcess: boolean;
  readonly start: StartMirror<Mirror>;
  /** What a mirror has stored of blobs, in bytes. */
  storedBytes(mirror: Mirror): Promise<number>;
}

/** A stand-in for docker.io that has `image` as `library/app:1`, and the mirror's process. */
export interface Scene<Mirror extends RestartableMirror = RestartableMirror> {
  readonly upstream: Upstream;
  readonly mirror: Mirror;
  pull(tag?: string): Promise<Pulled>;
  /** The same by a client that repeats what is refused. */
  pullPatiently(tag?: string): Promise<Pulled>;
  /** Pulls and waits until nothing of it is left to fill. */
  warm(tag?: string, pulled?: Pick<Image, 'config' | 'layers'>): Promise<void>;
  manifest(reference?: string, query?: string): Promise<Response>;
  blob(digest?: string, query?: string, init?: RequestInit): Promise<Response>;
}

/** Starts both. Tags are out of date at once, so that every pull asks the upstream. */
export type SetScene<Mirror extends RestartableMirror = RestartableMirror> = (
  settings?: Partial<Settings>,
  upstreamConfig?: object,
  more?: object,
  environment?: Record<string, string>,
) => Promise<Scene<Mirror>>;

/** The scenes of one suite; what a test started is ended after it. */
export function openScenes<Mirror extends RestartableMirror>(
  target: Pick<Target<Mirror>, 'start'>,
): SetScene<Mirror> {
  const open: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });
  return async (settings = {}, upstreamConfig = {}, more = {}, environment = {}) => {
    const upstream = await startUpstream(settings);
    open.push(() => upstream.close());
    upstream.add(repository, image, '1');
    const dockerHub = { url: upstream.url, tagTtl: '1ms', ...upstreamConfig };
    const configuration = { upstreams: { 'docker.io': dockerHub }, ...more };
    const mirror = await target.start(configuration, environment);
    open.push(() => mirror.close());
    return sceneOf(upstream, mirror);
  };
}

function sceneOf<Mirror extends RestartableMirror>(
  upstream: Upstream,
  mirror: Mirror,
): Scene<Mirror> {
  const scene: Scene<Mirror> = {
    upstream,
    mirror,
    pull: (tag = '1') => pull(mirror.url, repository, tag),
    pullPatiently: (tag = '1') => pullPatiently(mirror.url, repository, tag),
    warm: async (tag = '1', { config, layers } = image) => {
      await scene.pull(tag);
      for (const { digest } of [config, ...layers]) await stored(scene, digest);
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
