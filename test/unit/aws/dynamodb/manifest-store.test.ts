import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DynamoDbManifestStore } from '../../../../functions/aws/dynamodb/manifest-store.ts';
import {
  alpine,
  elsewhere,
  imageOfLayers,
  manifestOfSize,
} from '../../../standins/dynamodb/made-images.ts';
import { MemoryManifests } from '../../../standins/dynamodb/memory-manifests.ts';
import { type OpenedDynamoDb, openDynamoDb } from '../../../standins/dynamodb/open-dynamodb.ts';

const all = { limit: undefined, last: undefined };

let opened: OpenedDynamoDb;
let large: MemoryManifests;
let store: DynamoDbManifestStore;
let now: number;

beforeEach(async () => {
  opened = await openDynamoDb();
  large = new MemoryManifests();
  // A whole second: what DynamoDB deletes by is in seconds.
  now = Math.ceil(Date.now() / 1000) * 1000;
  store = new DynamoDbManifestStore(opened.table, { large, now: () => now });
});
afterEach(() => opened.close());

describe('calls', () => {
  test('each method takes as few as the page says, and none is a Scan', async () => {
    const { manifest, contents, blobs } = imageOfLayers(5);
    const { digest } = manifest;
    const blob = blobs[1]?.digest ?? digest;
    const record = { digest, mediaType: 'm', size: 1, firstSeen: 1, changed: 1, checked: 1 };
    const location = { url: 'https://cdn.example/x', expires: now + 1000 };
    const during = (work: () => Promise<unknown>) => opened.proxy.during(work);
    const put = () => store.putManifest(alpine, manifest, contents, now);
    const writes = ['BatchWriteItem', 'PutItem', 'PutItem'];
    expect(await during(put)).toEqual(['GetItem', ...writes]);
    expect(await during(put)).toEqual(['GetItem']);
    expect(await during(() => store.getManifest(alpine, digest))).toEqual(['GetItem']);
    expect(await during(() => store.findManifest(digest, 'docker.io'))).toEqual(['Query']);
    const putTag = () => store.putTag(alpine, '3', { ...record, history: [] });
    expect(await during(putTag)).toEqual(['PutItem']);
    expect(await during(() => store.getTag(alpine, '3'))).toEqual(['GetItem']);
    expect(await during(() => store.listTags(alpine, all))).toEqual(['Query']);
    expect(await during(() => store.getBlobEntry(alpine, blob))).toEqual(['Query']);
    expect(await during(() => store.isBlobNamed(blob))).toEqual(['Query']);
    expect(await during(() => store.listRepositories(all, 'docker.io'))).toEqual(['Query']);
    expect(await during(() => store.markComplete(alpine, digest, now))).toEqual(['UpdateItem']);
    const mark = () => store.markPulled(alpine, digest, now + 1);
    expect(await during(mark)).toEqual(['UpdateItem', 'PutItem', 'DeleteItem']);
    expect(await during(mark)).toEqual(['UpdateItem']);
    const oldest = () => store.leastRecentlyPulled(10);
    expect(await during(oldest)).toEqual(['Query', 'BatchGetItem']);
    const putLocation = () => store.putUpstreamLocation(alpine, blob, location);
    expect(await during(putLocation)).toEqual(['PutItem']);
    expect(await during(() => store.getUpstreamLocation(alpine, blob))).toEqual(['GetItem']);
    await store.removeManifest(alpine, digest);
    expect(opened.proxy.calls.filter(({ action }) => action === 'Scan')).toEqual([]);
  });

  test('all reads are strongly consistent', async () => {
    const { manifest, contents } = imageOfLayers(1);
    await store.putManifest(alpine, manifest, contents, 1);
    await store.findManifest(manifest.digest, 'docker.io');
    await store.getBlobEntry(alpine, manifest.digest);
    await store.leastRecentlyPulled(1);
    const reads = opened.proxy.calls.filter(({ action }) => /Get|Query/.test(action));
    expect(reads.length).toBeGreaterThan(3);
    for (const { input } of reads) {
      expect(JSON.stringify(input)).toContain('"ConsistentRead":true');
    }
  });
});

describe('a manifest of many layers', () => {
  test('400 layers are all entries, and are all gone after its removal', async () => {
    const { manifest, contents, blobs } = imageOfLayers(400);
    const actions = await opened.proxy.during(() =>
      store.putManifest(alpine, manifest, contents, 1),
    );
    expect(actions.filter((action) => action === 'BatchWriteItem')).toHaveLength(17);
    expect(blobs).toHaveLength(401);
    for (const blob of blobs) {
      expect(await store.getBlobEntry(alpine, blob.digest)).toEqual(blob);
    }
    await store.removeManifest(alpine, manifest.digest);
    for (const { digest } of blobs) expect(await store.isBlobNamed(digest)).toBe(false);
  });

  test('what a throttled table leaves unprocessed is asked for again, and only that', async () => {
    const { manifest, contents, blobs } = imageOfLayers(60);
    let refused = 0;
    opened.proxy.answerBy(({ action, input }) => {
      if (action !== 'BatchWriteItem' || refused >= 4) return undefined;
      refused += 1;
      return { status: 200, body: { UnprocessedItems: input.RequestItems } };
    });
    await store.putManifest(alpine, manifest, contents, 1);
    expect(refused).toBe(4);
    for (const { digest } of blobs) {
      expect(await store.getBlobEntry(alpine, digest)).toBeDefined();
    }
  });

  test('a put that fails half-way shows no manifest, and its repeat completes it', async () => {
    const { manifest, contents, blobs } = imageOfLayers(60);
    let batches = 0;
    opened.proxy.answerBy(({ action }) => {
      if (action === 'BatchWriteItem') batches += 1;
      const body = { __type: 'ValidationException' };
      return action === 'BatchWriteItem' && batches > 1 ? { status: 400, body } : undefined;
    });
    await expect(store.putManifest(alpine, manifest, contents, 1)).rejects.toThrow('Validation');
    expect(await store.getManifest(alpine, manifest.digest)).toBeUndefined();
    expect((await store.listRepositories(all)).entries).toEqual([]);
    opened.proxy.answerBy(() => undefined);
    await store.putManifest(alpine, manifest, contents, 2);
    expect(await store.getManifest(alpine, manifest.digest)).toMatchObject(manifest);
    for (const { digest } of blobs) {
      expect(await store.getBlobEntry(alpine, digest)).toBeDefined();
    }
    const [pull, ...others] = await store.leastRecentlyPulled(10);
    expect([pull?.pulled, others]).toEqual([2, []]);
  });

  test('a table that takes nothing is an error', async () => {
    const { manifest, contents } = imageOfLayers(3);
    opened.proxy.answerBy(({ action, input }) =>
      action === 'BatchWriteItem'
        ? { status: 200, body: { UnprocessedItems: input.RequestItems } }
        : undefined,
    );
    const put = store.putManifest(alpine, manifest, contents, 1);
    await expect(put).rejects.toMatchObject({ code: 'Unprocessed' });
  });

  test('a descriptor that would not fit an item is an entry without its annotations', async () => {
    const { manifest, contents } = imageOfLayers(1);
    const [blob] = contents?.blobs ?? [];
    if (contents === undefined || blob === undefined) throw new Error('it names a blob');
    const annotations = { note: 'x'.repeat(500_000) };
    const blobs = [{ ...blob, annotations }];
    await store.putManifest(alpine, manifest, { ...contents, blobs }, 1);
    expect(await store.getBlobEntry(alpine, blob.digest)).toEqual(blob);
  });
});

describe('a large manifest', () => {
  test.each([350 * 1024, 350 * 1024 + 1, 4_393_216])('of %i bytes', async (size) => {
    const { manifest, contents } = manifestOfSize(size);
    expect(manifest.bytes.byteLength).toBe(size);
    await store.putManifest(alpine, manifest, contents, 1);
    const found = await store.getManifest(alpine, manifest.digest);
    expect(Buffer.compare(found?.bytes ?? new Uint8Array(), manifest.bytes)).toBe(0);
    expect(large.kept.size).toBe(size > 350 * 1024 ? 1 : 0);
  });

  test('leaves the bucket with the last repository that had it', async () => {
    const { manifest, contents } = manifestOfSize(500_000);
    await store.putManifest(alpine, manifest, contents, 1);
    await store.putManifest(elsewhere, manifest, contents, 1);
    await store.removeManifest(alpine, manifest.digest);
    expect(await store.findManifest(manifest.digest, elsewhere.registry)).toEqual(manifest);
    await store.removeManifest(elsewhere, manifest.digest);
    expect(large.kept.size).toBe(0);
    for (const { digest } of contents?.blobs ?? []) {
      expect(await store.isBlobNamed(digest)).toBe(false);
    }
  });

  test('whose bytes the bucket lost is absent, and whole again once it is put', async () => {
    const { manifest, contents } = manifestOfSize(500_000);
    await store.putManifest(alpine, manifest, contents, 1);
    large.kept.clear();
    expect(await store.getManifest(alpine, manifest.digest)).toBeUndefined();
    expect(await store.findManifest(manifest.digest, 'docker.io')).toBeUndefined();
    await store.putManifest(alpine, manifest, contents, 1);
    expect(await store.getManifest(alpine, manifest.digest)).toMatchObject({ pulled: 1 });
  });
});

test('an upstream location that expired is not answered although its item is still there', async () => {
  const { manifest } = imageOfLayers(1);
  const location = { url: 'https://cdn.example/x?signature=y', expires: now + 60_000 };
  await store.putUpstreamLocation(alpine, manifest.digest, location);
  expect(await store.getUpstreamLocation(alpine, manifest.digest)).toEqual(location);
  const direct = { ...location, url: undefined };
  await store.putUpstreamLocation(alpine, manifest.digest, direct);
  expect(await store.getUpstreamLocation(alpine, manifest.digest)).toEqual(direct);
  now += 60_000;
  expect(await store.getUpstreamLocation(alpine, manifest.digest)).toBeUndefined();
  const key = { pk: `location#docker.io/library/alpine@${manifest.digest}`, sk: 'location' };
  const item = await opened.table.get(key);
  expect(item?.ttl).toEqual({ N: String(now / 1000) });
});

test('an index that is down rejects after a few attempts', async () => {
  opened.proxy.answerBy(() => 'cut');
  await expect(store.getTag(alpine, '3')).rejects.toMatchObject({ code: 'Unreachable' });
  expect(opened.proxy.calls.length).toBeLessThanOrEqual(4);
});
