import { afterEach, describe, expect, it } from 'vitest';
import type { Leases } from '../../../../../functions/core/ports/leases.ts';
import type { ManifestStore } from '../../../../../functions/core/ports/manifest-store.ts';
import { imageOf, madeDigest } from '../../../../contract/made-content.ts';
import { MemoryBlobs } from '../memory-blobs.ts';
import {
  type Differences,
  type MirrorUnderTest,
  type OpenedStore,
  openMirror,
} from '../mirror-over-store.ts';

const repository = { registry: 'docker.io', name: 'library/app' };

let test: MirrorUnderTest;
let blobs: MemoryBlobs;
/** How often the index was asked, by method. */
let asked: Record<string, number>;
afterEach(() => test.close());

function counting(manifests: ManifestStore): ManifestStore {
  return new Proxy(manifests, {
    get(target, name) {
      const value = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        asked[String(name)] = (asked[String(name)] ?? 0) + 1;
        return Reflect.apply(value, target, args);
      };
    },
  });
}

/** A store of so many images of so many blobs each, config included, over its bound. */
async function opened(
  { images, each }: { images: number; each: number },
  storeBytes: number,
  { leases, ...differences }: Differences & { leases?: (store: OpenedStore) => Leases } = {},
) {
  blobs = new MemoryBlobs();
  asked = {};
  test = await openMirror({
    ...differences,
    limits: { storeBytes },
    ports: (store) => ({
      blobs,
      manifests: counting(store.manifests),
      leases: leases?.(store) ?? store.leases,
    }),
  });
  for (let at = 0; at < images; at++) {
    const layers = Array.from({ length: each - 1 }, (_, layer) => `${at}: ${layer}`);
    const { manifest, contents, blobs: named } = imageOf(`image ${at}`, layers);
    await test.store.manifests.putManifest(repository, manifest, contents, at + 1);
    for (const { digest } of named) blobs.stored.add(digest);
  }
}

async function unnamed(): Promise<number> {
  const named = [...blobs.stored].map((digest) => test.store.manifests.isBlobNamed(digest));
  return (await Promise.all(named)).filter((is) => !is).length;
}

const looks = () => (asked.isBlobNamed ?? 0) + (asked.removeManifest ?? 0);

describe('a limited eviction run', () => {
  it('evicts images however many blobs are stored, and the next run continues', async () => {
    await opened({ images: 120, each: 10 }, 1_000_000, { evictionSteps: 100 });
    // A quarter of the steps looks for blobs that nothing names, an image takes eleven.
    for (const left of [1140, 1080, 1020, 960]) {
      asked = {};
      await test.mirror.evict();
      expect(looks()).toBeLessThanOrEqual(100);
      expect([blobs.stored.size, await unnamed()]).toEqual([left, 0]);
    }
    const { list } = blobs.calls;
    await test.mirror.evict();
    expect([blobs.stored.size, blobs.calls.list]).toEqual([960, list]);
  });

  it('reaches every unreferenced blob, wherever it starts', async () => {
    await opened({ images: 0, each: 0 }, 1, { evictionSteps: 40 });
    for (let at = 0; at < 60; at++) blobs.stored.add(madeDigest(`left behind ${at}`));
    for (let left = 50; left >= 0; left -= 10) {
      await test.mirror.evict();
      expect(blobs.stored.size).toBe(left);
    }
  });

  it('evicts a whole image or leaves it to the next run', async () => {
    await opened({ images: 6, each: 20 }, 1, { evictionSteps: 64 });
    for (const left of [80, 40, 0]) {
      await test.mirror.evict();
      expect([blobs.stored.size, await unnamed()]).toEqual([left, 0]);
    }
  });

  it('evicts part of an image that is too large for any run', async () => {
    await opened({ images: 1, each: 100 }, 1, { evictionSteps: 40 });
    await test.mirror.evict();
    expect(asked.removeManifest).toBe(1);
    // Ten of the steps went into the sweep, one into the manifest.
    expect([blobs.stored.size, await unnamed()]).toEqual([71, 71]);
    for (let run = 0; run < 8; run++) await test.mirror.evict();
    expect(blobs.stored.size).toBe(0);
  });

  it('ends before its process may have to', async () => {
    await opened({ images: 50, each: 2 }, 1, { evictionSteps: 1000 });
    const pauseAt = Date.UTC(2026, 0, 1) + 10_000;
    const [digest = madeDigest('none')] = blobs.stored;
    const job = { repository, blob: { digest, size: 1000, mediaType: '' } };
    blobs.answer = async (method) => test.pass(method === 'delete' ? 1_000 : 0);
    expect(await test.mirror.handleFill(job, { pauseAt })).toEqual({ kind: 'done' });
    expect(blobs.stored.size).toBe(90);
    const { usedBytes } = blobs.calls;
    await test.mirror.handleFill(job, { pauseAt });
    expect(blobs.calls.usedBytes).toBe(usedBytes);
  });
});

describe('an unlimited eviction run', () => {
  it.each([
    ['counts the index', 20_000, 75],
    ['counts at most half of the limit for the index', 1_000_000_000, 45],
  ])('%s', async (_, indexBytes, left) => {
    await opened({ images: 100, each: 1 }, 100_000);
    test.store.manifests.usedBytes = async () => indexBytes;
    await test.mirror.evict();
    expect(blobs.stored.size).toBe(left);
  });

  it('examines every blob and frees space to below the limit', async () => {
    await opened({ images: 120, each: 10 }, 1_000_000);
    blobs.stored.add(madeDigest('left behind'));
    await test.mirror.evict();
    expect([blobs.stored.size, await unnamed()]).toEqual([950, 0]);
  });

  it('ends when its instance stops', async () => {
    await opened({ images: 20, each: 1 }, 1);
    blobs.answer = async (method) => {
      if (method === 'delete') await test.mirror.stop();
    };
    await test.mirror.evict();
    expect(blobs.stored.size).toBe(19);
  });
});

describe('several instances', () => {
  const instances = () => Array.from({ length: 10 }, () => test.another());

  it('evict no more than one instance would', async () => {
    await opened({ images: 400, each: 1 }, 399_000);
    blobs.answer = () => new Promise((resolve) => setImmediate(resolve));
    await Promise.all(instances().map((instance) => instance.evict()));
    expect(blobs.stored.size).toBe(379);
    expect(asked.removeManifest).toBe(21);
  });

  it('evict without leases', async () => {
    await opened({ images: 20, each: 1 }, 10_000, {
      leases: () => ({
        acquire: () => Promise.reject(new Error('no leases')),
        acquireMany: () => Promise.reject(new Error('no leases')),
        look: () => Promise.reject(new Error('no leases')),
        renew: () => Promise.reject(new Error('no leases')),
        release: () => Promise.reject(new Error('no leases')),
      }),
    });
    await test.mirror.evict();
    expect(blobs.stored.size).toBe(9);
  });

  it('do not take over from an instance that is slow but alive', async () => {
    await opened({ images: 40, each: 1 }, 10_000);
    blobs.answer = async (method) => {
      // Only a run that has its turn lists the blobs.
      if (method !== 'delete' || blobs.calls.list > 1) return;
      test.pass(20_000);
      await test.another().evict();
    };
    await test.mirror.evict();
    expect([blobs.stored.size, blobs.calls.list]).toEqual([9, 1]);
  });

  it('renew the lease when the clock was set back meanwhile', async () => {
    let renewed = 0;
    const leases = ({ leases: real }: OpenedStore): Leases => ({
      acquire: (key, life) => real.acquire(key, life),
      acquireMany: (keys, life) => real.acquireMany(keys, life),
      look: (key) => real.look(key),
      renew: (lease, life) => {
        renewed += 1;
        return real.renew(lease, life);
      },
      release: (lease) => real.release(lease),
    });
    await opened({ images: 40, each: 1 }, 10_000, { leases });
    blobs.answer = async (method) => {
      if (method === 'delete' && renewed === 0) test.pass(-3_600_000);
    };
    await test.mirror.evict();
    expect([renewed, blobs.stored.size]).toEqual([1, 9]);
  });

  it('stop when they were too slow and lost the lease', async () => {
    await opened({ images: 40, each: 1 }, 10_000);
    blobs.answer = async (method) => {
      if (method === 'delete') test.pass(70_000);
    };
    await test.mirror.evict();
    expect(blobs.stored.size).toBe(39);
    blobs.answer = async () => undefined;
    await test.another().evict();
    expect(blobs.stored.size).toBe(9);
  });
});
