import { beforeEach, expect, test } from 'vitest';
import type { Context } from '../../../../../functions/core/mirror/context.ts';
import { evictImages } from '../../../../../functions/core/mirror/eviction/images.ts';
import type { KeptImages } from '../../../../../functions/core/mirror/eviction/kept-images.ts';
import type { EvictionRun } from '../../../../../functions/core/mirror/eviction/run.ts';
import { createMemory } from '../../../../../functions/core/mirror/memory.ts';
import { imageOf } from '../../../../contract/made-content.ts';

const repository = { registry: 'docker.io', name: 'library/app' };
/** Each has a config and two layers. */
const images = ['a', 'b', 'c'].map((name) => imageOf(name, [`${name}1`, `${name}2`]));

let calls: string[];
let limits: number[];
let memory: ReturnType<typeof createMemory>;
let time: number;
let failure: Error | undefined;

beforeEach(() => {
  calls = [];
  limits = [];
  memory = createMemory(10_000, () => 0);
  time = Number.POSITIVE_INFINITY;
  failure = undefined;
});

const names = new Map(
  images.flatMap(({ manifest, blobs }, at) => {
    const name = 'abc'[at] ?? '';
    const parts = blobs.map(({ digest }, part) => [digest, `${name}${part}`] as const);
    return [[manifest.digest, name] as const, ...parts];
  }),
);

async function evict(steps: number) {
  const left = [...images];
  const freed = { manifests: 0, blobs: 0, bytes: 0 };
  const manifests = {
    leastRecentlyPulled: async (limit: number) => {
      limits.push(limit);
      return left.slice(0, limit).map(({ manifest: { digest } }) => ({ repository, digest }));
    },
    getManifest: async (_: unknown, digest: string) => {
      if (failure !== undefined) throw failure;
      calls.push(`read ${names.get(digest as never)}`);
      return images.find(({ manifest }) => manifest.digest === digest)?.manifest;
    },
    removeManifest: async (_: unknown, digest: string) => {
      calls.push(`remove ${names.get(digest as never)}`);
      left.splice(
        left.findIndex(({ manifest }) => manifest.digest === digest),
        1,
      );
    },
  };
  const run = {
    freed,
    canContinue: async () => time-- > 0,
    deleteUnreferenced: async (digest: string) =>
      void calls.push(`delete ${names.get(digest as never)}`),
  };
  const fills = { isFilling: () => false };
  const context = { ports: { manifests }, memory, fills } as unknown as Context;
  const kept = { keeping: async () => undefined } as unknown as KeptImages;
  await evictImages(context, run as unknown as EvictionRun, kept, steps);
  return freed.manifests;
}

const evicted = (name: string, blobs = 3) => [
  `read ${name}`,
  `remove ${name}`,
  ...Array.from({ length: blobs }, (_, at) => `delete ${name}${at}`),
];

test('each manifest goes before its blobs, until none is left', async () => {
  expect(await evict(1000)).toBe(3);
  expect(calls).toEqual(['a', 'b', 'c'].flatMap((name) => evicted(name)));
  expect(limits).toEqual([50, 50]);
});

test('an image that fits the steps exactly goes, the next one waits for another run', async () => {
  expect(await evict(8)).toBe(2);
  expect(calls).toEqual([...evicted('a'), ...evicted('b')]);
  calls = [];
  expect(await evict(7)).toBe(1);
  expect(calls).toEqual([...evicted('a'), 'read b']);
  expect(limits[0]).toBe(8);
});

test('an image that is larger than any run goes in part', async () => {
  expect(await evict(3)).toBe(1);
  expect(calls).toEqual(evicted('a', 2));
});

test('nothing is evicted when the run may not continue', async () => {
  time = 0;
  expect(await evict(100)).toBe(0);
  expect(calls).toEqual([]);
  time = 2;
  expect(await evict(100)).toBe(1);
  expect(calls).toEqual(evicted('a'));
});

test('an index that fails ends the run before anything of the image is removed', async () => {
  failure = new Error('the index is down');
  await expect(evict(100)).rejects.toThrow('the index is down');
  expect(calls).toEqual([]);
});

test('an evicted image is forgotten in memory, too', async () => {
  const [first] = images;
  if (first === undefined) throw new Error('there is no image');
  const key = `docker.io/library/app@${first.manifest.digest}`;
  const blobKeys = first.blobs.map(({ digest }) => `docker.io/library/app@${digest}`);
  memory.manifests.set(key, { manifest: first.manifest, summary: undefined });
  for (const blob of blobKeys) memory.blobEntries.set(blob, { size: 1, isNamed: true });
  await evict(4);
  expect(calls).toEqual(evicted('a').slice(1));
  expect(memory.manifests.get(key)).toBeUndefined();
  expect(blobKeys.map((blob) => memory.blobEntries.get(blob))).toEqual(
    blobKeys.map(() => undefined),
  );
});
