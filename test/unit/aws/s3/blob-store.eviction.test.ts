import { afterEach, describe, expect, it } from 'vitest';
import { blobKey } from '../../../../functions/core/bucket/blob-key.ts';
import { passThroughAll } from '../../../../functions/core/mirror/blobs/background-fill.ts';
import type { RunningMirror } from '../../../../functions/core/mirror/create-mirror.ts';
import type { ManifestStore } from '../../../../functions/core/ports/manifest-store.ts';
import { UpstreamError } from '../../../../functions/core/ports/upstream-error.ts';
import { openMemoryStore } from '../../../../functions/memory/open.ts';
import { nodeRuntime } from '../../../../functions/node/runtime.ts';
import { makeImage } from '../../../standins/images/image.ts';
import { randomLayer } from '../../../standins/images/layer.ts';
import { type OpenedS3Store, openS3Store } from '../../../standins/s3/open-s3-store.ts';
import { type MirrorUnderTest, openMirror } from '../../core/mirror/mirror-over-store.ts';
import { known } from '../../core/mirror/scripted-upstream.ts';

const minute = 60_000;
const repository = { registry: 'docker.io', name: 'library/a' };

const imageOf = (name: string) =>
  makeImage({ layers: [randomLayer(name, 100_000)], env: [`NAME=${name}`] });
const a = imageOf('a');
const b = imageOf('b');
const blobsOf = (image: typeof a) =>
  [image.config, ...image.layers].map(({ digest }) => known(digest));

let s3: OpenedS3Store;
let test: MirrorUnderTest;
afterEach(async () => {
  await test.close();
  await s3.close();
});

/** A mirror over S3 with space for one image. `intercept` stands before the index. */
async function opened(
  intercept: (manifests: ManifestStore) => ManifestStore = (manifests) => manifests,
) {
  const { createHash } = nodeRuntime(() => undefined).runtime;
  test = await openMirror({
    limits: { storeBytes: 150_000 },
    missingBlobs: passThroughAll,
    openStore: async (now) => {
      s3 = await openS3Store(now);
      return { ...openMemoryStore({ now, createHash }), blobs: s3.store };
    },
    // Each instance has its own memory of the bucket.
    ports: ({ manifests }) => ({ manifests: intercept(manifests), blobs: s3.another() }),
  });
  test.upstream.add('library/a', a, '1');
  test.upstream.add('library/b', b, '1');
}

const objects = () => s3.s3.server?.bucket.objects ?? new Map<string, unknown>();
const present = (image: typeof a) => blobsOf(image).map((digest) => objects().has(blobKey(digest)));

async function pulled(name: string): Promise<void> {
  test.pass(minute);
  expect(await test.tag(name, '1')).toMatchObject({ kind: 'found' });
  await test.fill();
  await test.settled();
}

/** Whether an instance serves every blob of `a` by a redirect to the bucket. */
async function redirects(instance: RunningMirror): Promise<boolean[]> {
  const outcomes = blobsOf(a).map((digest) =>
    instance.repository(repository).locateBlob(digest, 'GET', { kind: 'whole' }),
  );
  return (await Promise.all(outcomes)).map(({ kind }) => kind === 'redirect');
}

describe('an image that another instance evicted', () => {
  it('is served whole as long as a warm instance serves its manifest, and every URL works', async () => {
    await opened();
    await pulled('library/a');
    const warm = test.mirror;
    test.restart();
    await pulled('library/b');
    expect(test.events).toContainEqual(expect.objectContaining({ kind: 'evicted', manifests: 1 }));
    test.upstream.failure = new UpstreamError('unreachable', 'no connection');
    let lastUrl = test.now();
    let serves = 0;
    for (let at = 0; at < 100; at += 1) {
      const reference = { kind: 'digest', digest: known(a.manifest.digest) } as const;
      const served = await warm.repository(repository).resolveManifest(reference, 'GET');
      const isServed = served.kind === 'found';
      if (isServed) serves += 1;
      if (isServed) expect(await redirects(warm)).toEqual([true, true]);
      if ((await redirects(warm)).includes(true)) lastUrl = test.now();
      if (test.now() < lastUrl + 20 * minute) expect(present(a)).toEqual([true, true]);
      test.pass(minute);
      await test.another().evict();
    }
    expect(serves).toBeGreaterThan(0);
    expect(serves).toBeLessThanOrEqual(10);
    expect([present(a), present(b)]).toEqual([
      [false, false],
      [true, true],
    ]);
  });

  it('is restored by a new pull, without fetching its blobs', async () => {
    await opened();
    await pulled('library/a');
    test.restart();
    await pulled('library/b');
    test.restart();
    test.upstream.asked.length = 0;
    await pulled('library/a');
    expect(test.upstream.asked.filter((asked) => asked.startsWith('GET blob'))).toEqual([]);
    expect(await redirects(test.another())).toEqual([true, true]);
    test.pass(120 * minute);
    await test.another().evict();
    expect([present(a), present(b)]).toEqual([
      [true, true],
      [false, false],
    ]);
  });
});

describe('an evictor that looked before a new pull named the blob', () => {
  it('leaves no image that is marked as complete and lacks a layer', async () => {
    let between: (() => Promise<void>) | undefined;
    await opened((manifests) => {
      const isBlobNamed: ManifestStore['isBlobNamed'] = async (digest) => {
        const isNamed = await manifests.isBlobNamed(digest);
        const run = between;
        between = undefined;
        await run?.();
        return isNamed;
      };
      return new Proxy(manifests, {
        get(target, name) {
          if (name === 'isBlobNamed') return isBlobNamed;
          const member: unknown = Reflect.get(target, name);
          return typeof member === 'function' ? member.bind(target) : member;
        },
      });
    });
    await pulled('library/a');
    test.restart();
    // A fill is queued once a minute.
    test.pass(minute);
    expect(await test.tag('library/b', '1')).toMatchObject({ kind: 'found' });
    const evictor = test.mirror;
    between = async () => {
      test.restart();
      // Not `pulled`, which would wait for this eviction.
      expect(await test.tag('library/a', '1')).toMatchObject({ kind: 'found' });
      await test.fill();
    };
    for (const job of test.queued.splice(0)) await evictor.handleFill(job);
    await test.settled();
    expect(between).toBeUndefined();
    const stored = await test.store.manifests.getManifest(repository, known(a.manifest.digest));
    expect(stored?.complete).toBeGreaterThan(0);
    const stats = blobsOf(a).map((digest) => s3.another().stat(digest));
    expect(await Promise.all(stats)).not.toContain(undefined);
    for (let at = 0; at < 3; at += 1) {
      const cold = test.another();
      expect(await redirects(cold)).toEqual([true, true]);
      expect(present(a)).toEqual([true, true]);
      test.pass(90 * minute);
      await test.mirror.repository(repository).resolveManifest({ kind: 'tag', tag: '1' }, 'GET');
      await test.settled();
      await test.another().evict();
    }
  });
});

describe('a crash of the evictor', () => {
  it('right after it condemned a blob that a manifest names leaves the blob stored', async () => {
    await opened();
    await pulled('library/a');
    for (const digest of blobsOf(a)) await s3.store.condemnation?.condemn(digest);
    test.pass(120 * minute);
    await test.another().evict();
    expect(present(a)).toEqual([true, true]);
    expect(await redirects(test.another())).toEqual([true, true]);
    expect(await s3.store.condemnation?.due(10)).toEqual([]);
  });

  it.each([
    ['before the object is deleted', 'DeleteObject'],
    ['after it', undefined],
  ] as const)('%s is completed by the next one', async (_, refused) => {
    await opened();
    await pulled('library/a');
    test.restart();
    await pulled('library/b');
    test.pass(120 * minute);
    const [digest = known('')] = blobsOf(a);
    if (refused !== undefined) {
      s3.s3.server?.fail({ on: refused, do: { kind: 'status', code: 'AccessDenied' } });
    } else {
      // Claimed and deleted, but not forgotten.
      const [blob] = (await s3.store.condemnation?.due(1)) ?? [];
      const index = s3.index();
      if (blob !== undefined) await index.claim(blob, test.now());
      objects().delete(blobKey(blob?.digest ?? digest));
    }
    await test.another().evict();
    test.pass(20 * minute);
    await test.another().evict();
    expect(present(a)).toEqual([false, false]);
    expect(await s3.store.condemnation?.due(10)).toEqual([]);
    test.restart();
    await pulled('library/a');
    expect(await redirects(test.another())).toEqual([true, true]);
    expect(present(a)).toEqual([true, true]);
  });
});

describe('a count of stored bytes that is wrong', () => {
  /** As a writer of an earlier version could leave it. */
  const tamper = (bytes: number) =>
    s3.dynamoDb.another().update(
      { pk: 'blobs', sk: 'used' },
      {
        update: 'SET #bytes = :bytes',
        values: { ':bytes': { N: String(bytes) } },
      },
    );

  it('is corrected by the evictor before it evicts anything', async () => {
    await opened();
    await pulled('library/a');
    await tamper(1_000_000);
    await test.another().evict();
    await test.settled();
    expect(test.events.filter(({ kind }) => kind === 'evicted')).toEqual([]);
    const sizes = [a.config, ...a.layers].reduce((sum, { size }) => sum + size, 0);
    expect(await s3.another().usedBytes()).toBe(sizes);
  });

  it('that is too low is corrected as well, so that the limit holds', async () => {
    await opened();
    await pulled('library/a');
    await tamper(-100_000);
    await test.another().evict();
    await pulled('library/b');
    expect(test.events).toContainEqual(expect.objectContaining({ kind: 'evicted', manifests: 1 }));
  });
});
