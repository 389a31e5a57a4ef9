import { afterEach } from 'vitest';
import type { Mirror, StartMirror } from '../forms/mirror.ts';
import { pull } from '../forms/pull.ts';
import { type Image, makeImage } from '../standins/images/image.ts';
import { randomLayer } from '../standins/images/layer.ts';
import type { Settings } from '../standins/registry/settings.ts';
import { startUpstream, type Upstream } from '../standins/registry/upstream.ts';

const image = (seed: string) => makeImage({ layers: [randomLayer(`circuit ${seed}`, 50_000)] });

/** The images of `library/one` and `library/two`, and two more. */
export const [one, two, next, last] = [
  image('one'),
  image('two'),
  image('next'),
  image('last'),
] as const;

export const windowSeconds = 21_600;

/** A Docker Hub as a stand-in, and Pullfront, whose tags are out of date at once. */
export interface CircuitScene {
  readonly hub: Upstream;
  readonly mirror: Mirror;
  /** The status of a manifest of `library/NAME`, by tag `1` or by this reference. */
  manifest(name: string, reference?: string): Promise<number>;
  /** The status of a layer, and its bytes wherever they are. */
  blobOf(name: string, image: Image): Promise<{ status: number; bytes: number }>;
  pull(name: string): ReturnType<typeof pull>;
  /** Manifests that were requested since the last `clear`. */
  asked(method: 'GET' | 'HEAD'): number;
}

/** What a scene differs in. */
export interface CircuitSettings {
  readonly hub?: Partial<Settings>;
  readonly upstream?: object;
}

/** Opens a scene; `closing` gets what ends it. */
export async function openCircuitScene(
  start: StartMirror,
  closing: (() => Promise<void>)[],
  { hub: settings, upstream }: CircuitSettings = {},
): Promise<CircuitScene> {
  const hub = await startUpstream(settings);
  closing.push(() => hub.close());
  hub.add('library/one', one, '1');
  hub.add('library/two', two, '1');
  const mirror = await start({
    upstreams: { 'docker.io': { url: hub.url, tagTtl: '1ms', ...upstream } },
  });
  closing.push(() => mirror.close());
  return {
    hub,
    mirror,
    async manifest(name, reference = '1') {
      const answer = await mirror.get(`/v2/library/${name}/manifests/${reference}`);
      await answer.arrayBuffer();
      return answer.status;
    },
    async blobOf(name, { layers }) {
      const answer = await mirror.get(`/v2/library/${name}/blobs/${layers[0]?.digest}`);
      const location = answer.headers.get('location');
      const last = location === null ? answer : await fetch(location);
      return { status: last.status, bytes: (await last.arrayBuffer()).byteLength };
    },
    pull: (name) => pull(mirror.url, `library/${name}`, '1'),
    asked: (method) => hub.count({ kind: 'manifest', method }),
  };
}

/** Opens scenes that end with their test. */
export function openCircuitScenes(start: StartMirror) {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });
  return (settings?: CircuitSettings) => openCircuitScene(start, closing, settings);
}
