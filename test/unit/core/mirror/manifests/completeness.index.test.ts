import { beforeEach, expect, test } from 'vitest';
import type { Context } from '../../../../../functions/core/mirror/context.ts';
import { createFlights } from '../../../../../functions/core/mirror/flights.ts';
import { isComplete } from '../../../../../functions/core/mirror/manifests/completeness.ts';
import { manifestKey } from '../../../../../functions/core/mirror/manifests/manifest-cache.ts';
import { type CachedManifest, createMemory } from '../../../../../functions/core/mirror/memory.ts';
import type { Digest } from '../../../../../functions/core/oci/digest.ts';
import { madeDigest } from '../../../../contract/made-content.ts';

const repository = { registry: 'docker.io', name: 'library/app' };
const [index, image, layer] = ['index', 'image', 'layer'].map((name) => madeDigest(name)) as [
  Digest,
  Digest,
  Digest,
];

let now: number;
let marked: Digest[];
let lookups: number;
let size: number | undefined;

beforeEach(() => {
  now = 0;
  marked = [];
  lookups = 0;
  size = 5;
});

function cached(kind: 'image' | 'index', digest: Digest): CachedManifest {
  const manifest = { digest, mediaType: '', bytes: new Uint8Array() };
  const needed = kind === 'image' ? [{ digest: layer, size: 5 }] : [];
  const choices = kind === 'index' ? [image] : [];
  return { manifest, summary: { kind, blobs: needed, needed, hasMore: false, choices } };
}

/** An instance whose store lets blobs count as stored for so long. */
function instance(memoryLife?: number) {
  const memory = createMemory(100_000, () => now);
  memory.manifests.set(manifestKey(repository, image), cached('image', image));
  const runtime = { now: () => now, waitUntil: () => undefined, sleep: async () => undefined };
  const stat = async () => {
    lookups += 1;
    return size === undefined ? undefined : { size };
  };
  const context = {
    memory,
    runtime,
    flights: createFlights(runtime),
    blobs: { stat },
    manifests: {
      markComplete: async (_: unknown, digest: Digest) => void marked.push(digest),
    },
    ports: { blobs: memoryLife === undefined ? {} : { condemnation: { memoryLife } } },
  } as unknown as Context;
  const is = (kind: 'image' | 'index') =>
    isComplete(context, repository, cached(kind, kind === 'index' ? index : image));
  const isNoted = (key: string) => memory.complete.get(key) === true;
  return { memory, is, isNoted };
}

const indexKey = manifestKey(repository, index);

test('an index is complete for a minute, its image for a day, and the image alone is noted', async () => {
  const { is, isNoted } = instance();
  expect(await is('index')).toBe(true);
  expect(marked).toEqual([image]);
  now = 59_999;
  expect([isNoted(indexKey), isNoted(image), isNoted(index)]).toEqual([true, true, false]);
  now = 60_000;
  expect([isNoted(indexKey), isNoted(image)]).toEqual([false, true]);
});

test('nothing is complete for longer than the store may be remembered', async () => {
  const { is, isNoted } = instance(1000);
  await is('index');
  now = 999;
  expect([isNoted(indexKey), isNoted(image)]).toEqual([true, true]);
  now = 1000;
  expect([isNoted(indexKey), isNoted(image)]).toEqual([false, false]);
});

test('what is complete is not looked for again, nor noted again', async () => {
  const { is } = instance();
  expect([await is('image'), await is('image'), await is('index')]).toEqual([true, true, true]);
  expect([lookups, marked]).toEqual([1, [image]]);
});

test('an image of an index is noted for itself only, not for an index', async () => {
  const { is, isNoted } = instance();
  await is('image');
  expect([isNoted(image), isNoted(manifestKey(repository, image))]).toEqual([true, false]);
});

test('an incomplete image is looked for again after three seconds, or when something arrived', async () => {
  const { is, memory } = instance();
  size = 4;
  expect([await is('image'), await is('image')]).toEqual([false, false]);
  expect(lookups).toBe(1);
  memory.incomplete.arrived();
  size = 5;
  expect(await is('image')).toBe(true);
  expect(lookups).toBe(2);
});

test('an incomplete image counts as such for three seconds', async () => {
  const { is } = instance();
  size = undefined;
  await is('image');
  now = 2999;
  expect(await is('image')).toBe(false);
  expect(lookups).toBe(1);
  now = 3000;
  await is('image');
  expect(lookups).toBe(2);
});
