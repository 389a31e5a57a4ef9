import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { forEachInParallel } from '../../../../functions/aws/dynamodb/batch.ts';
import { DynamoDbManifestStore } from '../../../../functions/aws/dynamodb/manifest-store.ts';
import { madeDigest } from '../../../contract/made-content.ts';
import { alpine } from '../../../standins/dynamodb/made-images.ts';
import { MemoryManifests } from '../../../standins/dynamodb/memory-manifests.ts';
import { type OpenedDynamoDb, openDynamoDb } from '../../../standins/dynamodb/open-dynamodb.ts';

let opened: OpenedDynamoDb;
let store: DynamoDbManifestStore;

beforeEach(async () => {
  opened = await openDynamoDb();
  store = new DynamoDbManifestStore(opened.table, { large: new MemoryManifests(), now: Date.now });
});
afterEach(() => opened.close());

/** Tags that no packing makes smaller than half. */
function hardTags(count: number): string[] {
  return Array.from({ length: count }, () => randomBytes(32).toString('hex'));
}

async function itemCount(): Promise<number> {
  let count = 0;
  for await (const items of opened.another().pages({ pk: 'list#docker.io/library/alpine' })) {
    count += items.length;
  }
  return count;
}

test('10 000 tags are one item, one call to write and one to read', async () => {
  const tags = Array.from({ length: 10_000 }, (_, index) => `3.${index % 40}.${index}-slim`);
  const put = () => store.putTagList(alpine, { tags, checked: 1 });
  expect(await opened.proxy.during(put)).toEqual(['PutItem']);
  const get = async () => expect(await store.getTagList(alpine)).toEqual({ tags, checked: 1 });
  expect(await opened.proxy.during(get)).toEqual(['GetItem']);
});

test('a list beyond an item is kept in parts, which the next list removes', async () => {
  const tags = hardTags(40_000);
  await store.putTagList(alpine, { tags, checked: 1 });
  expect(await itemCount()).toBeGreaterThan(4);
  expect(await store.getTagList(alpine)).toEqual({ tags, checked: 1 });
  const next = hardTags(30_000);
  await store.putTagList(alpine, { tags: next, checked: 2 });
  expect(await store.getTagList(alpine)).toEqual({ tags: next, checked: 2 });
  await store.putTagList(alpine, { tags: ['one'], checked: 3 });
  expect(await store.getTagList(alpine)).toEqual({ tags: ['one'], checked: 3 });
  expect(await itemCount()).toBe(1);
});

test('a list that is replaced while it is read is read whole', async () => {
  const [tags, next] = [hardTags(20_000), hardTags(20_000)];
  await store.putTagList(alpine, { tags, checked: 1 });
  const other = new DynamoDbManifestStore(opened.another(), {
    large: new MemoryManifests(),
    now: Date.now,
  });
  let replaced = false;
  opened.proxy.answerBy(async ({ action }) => {
    if (action === 'Query' && !replaced) {
      replaced = true;
      await other.putTagList(alpine, { tags: next, checked: 2 });
    }
    return undefined;
  });
  expect(await store.getTagList(alpine)).toEqual({ tags: next, checked: 2 });
  expect(replaced).toBe(true);
});

test('10 000 referrers with their annotations come back as they were', async () => {
  const subject = madeDigest('subject');
  const manifests = Array.from({ length: 10_000 }, (_, index) => ({
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: madeDigest(`referrer ${index}`),
    size: index,
    artifactType: 'application/spdx+json',
    annotations: { 'org.opencontainers.image.created': `2026-01-01T00:00:${index}Z` },
  }));
  await store.putReferrers(alpine, subject, { manifests, checked: 3 });
  expect(await store.getReferrers(alpine, subject)).toEqual({ manifests, checked: 3 });
  expect(await store.getReferrers(alpine, madeDigest('another'))).toBeUndefined();
});

test('1 100 tags that were pulled are listed whole and in pages', async () => {
  const names = Array.from({ length: 1100 }, (_, index) => `v${String(index).padStart(5, '0')}`);
  const record = { mediaType: 'm', size: 1, firstSeen: 1, changed: 1, checked: 1, history: [] };
  const digest = madeDigest('tagged');
  await forEachInParallel(names, (name) => store.putTag(alpine, name, { ...record, digest }));
  const whole = await store.listTags(alpine, { limit: undefined, last: undefined });
  expect(whole).toEqual({ entries: names, next: undefined });
  const page = await store.listTags(alpine, { limit: 999, last: 'v00000' });
  expect(page).toEqual({ entries: names.slice(1, 1000), next: 'v00999' });
});
