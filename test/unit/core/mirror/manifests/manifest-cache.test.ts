import { beforeEach, describe, expect, test } from 'vitest';
import type { FillContext } from '../../../../../functions/core/mirror/context.ts';
import {
  cacheManifest,
  cachePulled,
  completeLife,
  getManifest,
  manifestKey,
  manifestOutcome,
  tryGetManifest,
} from '../../../../../functions/core/mirror/manifests/manifest-cache.ts';
import { createMemory, entryLife } from '../../../../../functions/core/mirror/memory.ts';
import { readManifest } from '../../../../../functions/core/oci/manifest.ts';
import { mediaType } from '../../../../../functions/core/oci/media-type.ts';
import type { NotedBlob } from '../../../../../functions/core/ports/blob-store.ts';
import { imageOf, madeDigest, manifestOf } from '../../../../contract/made-content.ts';

const repository = { registry: 'docker.io', name: 'library/app' };
const { manifest, contents, blobs } = imageOf('an image', ['a', 'b']);
const { digest } = manifest;
const key = manifestKey(repository, digest);
const [day, markInterval] = [86_400_000, 60_000];

let now: number;
let reads: number;
let found: unknown;
let noted: (readonly NotedBlob[])[];
let memoryLife: number | undefined;

beforeEach(() => {
  now = 10 * day;
  reads = 0;
  found = undefined;
  noted = [];
  memoryLife = undefined;
});

function contextOf(manifestBytes = 100_000): FillContext {
  const context = {
    memory: createMemory(manifestBytes, () => now),
    runtime: { now: () => now },
    markInterval,
    blobs: { noteStored: (blobs: readonly NotedBlob[]) => noted.push(blobs) },
    ports: { blobs: memoryLife === undefined ? {} : { condemnation: { memoryLife } } },
    attempt: {
      manifests: {
        getManifest: async () => {
          reads += 1;
          return found;
        },
      },
    },
  };
  return context as unknown as FillContext;
}

const indexed = (changes: object = {}) => ({ ...manifest, pulled: now, ...changes });

describe('a manifest', () => {
  test('of the index is read once, and its blobs have entries', async () => {
    found = indexed();
    const context = contextOf();
    const read = await getManifest(context, repository, digest);
    expect(read?.manifest.digest).toBe(digest);
    expect(await tryGetManifest(context, repository, digest)).toBe(read);
    expect(reads).toBe(1);
    for (const { digest, size } of blobs) {
      const entry = context.memory.blobEntries.get(manifestKey(repository, digest));
      expect(entry).toEqual({ size, isNamed: true });
    }
    now += entryLife;
    const [config] = blobs;
    const entryKey = manifestKey(repository, config?.digest ?? digest);
    expect(context.memory.blobEntries.get(entryKey)).toBeUndefined();
    const other = { ...repository, name: 'library/other' };
    found = undefined;
    expect(await getManifest(context, other, digest)).toBeUndefined();
  });

  test.each([
    [undefined, undefined],
    ['failed', undefined],
    ['busy', 'busy'],
  ])('that the index does not give (%s) is %s', async (answer, outcome) => {
    found = answer;
    expect(await tryGetManifest(contextOf(), repository, digest)).toBe(outcome);
    expect(await getManifest(contextOf(), repository, digest)).toBeUndefined();
  });

  test('weighs twice its bytes, and its digests', () => {
    // A value may weigh half of the cache.
    const weight = 2 * manifest.bytes.byteLength + 500 + blobs.length * 200;
    const exact = contextOf(2 * weight);
    cacheManifest(exact, repository, manifest, contents);
    expect(exact.memory.manifests.get(key)).toBeDefined();
    const smaller = contextOf(2 * weight - 2);
    cacheManifest(smaller, repository, manifest, contents);
    expect(smaller.memory.manifests.get(key)).toBeUndefined();
  });

  test('is served with its own bytes', () => {
    const cached = cacheManifest(contextOf(), repository, manifest, contents);
    const { bytes } = manifest;
    const outcome = { kind: 'found', digest, mediaType: manifest.mediaType, bytes };
    expect(manifestOutcome(cached, { kind: 'hit' } as never)).toEqual({
      ...outcome,
      size: bytes.byteLength,
      provenance: { kind: 'hit' },
    });
  });
});

describe('the note that an image is complete', () => {
  const isComplete = async (context: FillContext, changes: object) => {
    found = indexed(changes);
    await getManifest(context, repository, digest);
    return context.memory.complete.get(digest) === true;
  };

  test('counts for a day, and tells the store what is stored', async () => {
    const context = contextOf();
    expect(await isComplete(context, { complete: now - day + 2 })).toBe(true);
    expect(noted).toEqual([blobs.map(({ digest, size }) => ({ digest, size }))]);
    now += 1;
    expect(context.memory.complete.get(digest)).toBe(true);
    now += 1;
    expect(context.memory.complete.get(digest)).toBeUndefined();
  });

  test.each([
    ['is not there', {}],
    ['is a day old', { complete: 9 * day }],
    ['is of the future', { complete: 10 * day + 1 }],
  ])('does not count if it %s', async (_, changes) => {
    expect(await isComplete(contextOf(), changes)).toBe(false);
    expect(noted).toEqual([]);
  });

  test('counts no longer than what the store said', async () => {
    expect(completeLife(contextOf())).toBe(day);
    memoryLife = 1000;
    const context = contextOf();
    expect(completeLife(context)).toBe(1000);
    expect(await isComplete(context, { complete: now })).toBe(true);
    now += 1000;
    expect(context.memory.complete.get(digest)).toBeUndefined();
    memoryLife = 2 * day;
    expect(completeLife(contextOf())).toBe(day);
  });

  test('does not count for an index of images', async () => {
    const index = indexOf([{ digest }]);
    found = { ...index, pulled: now, complete: now };
    const context = contextOf();
    await getManifest(context, repository, index.digest);
    expect(context.memory.complete.get(index.digest)).toBeUndefined();
  });
});

test('when a manifest was marked as pulled is kept until the next mark', () => {
  const context = contextOf();
  cachePulled(context, repository, digest, now - markInterval + 1);
  expect(context.memory.marks.get(key)).toBe(now - markInterval + 1);
  now += 1;
  expect(context.memory.marks.get(key)).toBeUndefined();
  for (const pulled of [now - markInterval, now + 1]) {
    cachePulled(context, repository, digest, pulled);
    expect(context.memory.marks.get(key)).toBeUndefined();
  }
  cachePulled(context, repository, digest, now);
  expect(context.memory.marks.get(key)).toBe(now);
});

function indexOf(entries: readonly object[]) {
  const manifests = entries.map((entry) => ({
    mediaType: mediaType.ociManifest,
    size: 1,
    ...entry,
  }));
  const body = { schemaVersion: 2, mediaType: mediaType.ociIndex, manifests };
  const bytes = new TextEncoder().encode(JSON.stringify(body));
  return { ...manifestOf(bytes), mediaType: mediaType.ociIndex };
}

describe('the choices of an index', () => {
  const choicesOf = (entries: readonly object[]) => {
    const index = indexOf(entries);
    return cacheManifest(contextOf(), repository, index, readManifest(index)).summary?.choices;
  };
  const [a, b] = [madeDigest('a'), madeDigest('b')];
  const unknown = { platform: { architecture: 'unknown', os: 'unknown' } };

  test('are its images without duplicates, and without what cannot run', () => {
    expect(choicesOf([{ digest: a }, { digest: a }, { digest: b, ...unknown }])).toEqual([a]);
  });

  test('are all if none can run', () => {
    expect(
      choicesOf([
        { digest: a, ...unknown },
        { digest: b, ...unknown },
      ]),
    ).toEqual([a, b]);
  });

  test('are at most two hundred', () => {
    const many = Array.from({ length: 201 }, (_, at) => ({ digest: madeDigest(String(at)) }));
    expect(choicesOf(many)).toHaveLength(200);
  });
});

test('content with URLs of its own is not needed from here', () => {
  const layer = { mediaType: 'x/y', digest: madeDigest('far'), size: 3, urls: ['https://a.test'] };
  const config = { mediaType: 'x/z', digest: madeDigest('config'), size: 6 };
  const body = { schemaVersion: 2, mediaType: mediaType.ociManifest, config, layers: [layer] };
  const image = manifestOf(new TextEncoder().encode(JSON.stringify(body)));
  const { summary } = cacheManifest(contextOf(), repository, image, readManifest(image));
  expect(summary?.blobs.map(({ size }) => size)).toEqual([6, 3]);
  expect(summary?.needed.map(({ size }) => size)).toEqual([6]);
  expect(summary?.hasMore).toBe(false);
});
