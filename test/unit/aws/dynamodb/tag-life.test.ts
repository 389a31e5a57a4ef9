import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DynamoDbManifestStore } from '../../../../functions/aws/dynamodb/manifest-store.ts';
import { madeDigest } from '../../../contract/made-content.ts';
import { alpine, imageOfLayers } from '../../../standins/dynamodb/made-images.ts';
import { MemoryManifests } from '../../../standins/dynamodb/memory-manifests.ts';
import { type OpenedDynamoDb, openDynamoDb } from '../../../standins/dynamodb/open-dynamodb.ts';

const day = 86_400;
const { manifest, contents } = imageOfLayers(1);
const { digest } = manifest;

let opened: OpenedDynamoDb;
let store: DynamoDbManifestStore;
let now: number;

beforeEach(async () => {
  opened = await openDynamoDb();
  now = Math.ceil(Date.now() / 1000) * 1000;
  store = another();
});
afterEach(() => opened.close());

const another = () =>
  new DynamoDbManifestStore(opened.another(), { large: new MemoryManifests(), now: () => now });

function putTag(tag: string, named = digest, instance = store): Promise<void> {
  const times = { firstSeen: now, changed: now, checked: now };
  const record = { digest: named, mediaType: 'm', size: 1, ...times, history: [] };
  return instance.putTag(alpine, tag, record);
}

/** In how many days an item is deleted; undefined: never. */
async function daysLeft(pk: string, sk: string): Promise<number | undefined> {
  const item = await opened.another().get({ pk, sk });
  if (item === undefined) throw new Error(`there is no ${pk} ${sk}`);
  return item.ttl?.N === undefined ? undefined : (Number(item.ttl.N) - now / 1000) / day;
}

const daysOfTag = (tag: string) => daysLeft('tag#docker.io/library/alpine', tag);

test('a tag that was only asked for by HEAD expires', async () => {
  await putTag('junk');
  expect(await daysOfTag('junk')).toBe(7);
  now += 1000;
  await putTag('junk');
  expect(await daysOfTag('junk')).toBe(7);
});

test('a tag of a stored manifest stays, whichever came first, and whoever wrote it', async () => {
  await putTag('before');
  await putTag('other', madeDigest('another one'));
  await another().putManifest(alpine, manifest, contents, now);
  await putTag('after');
  expect([await daysOfTag('before'), await daysOfTag('after')]).toEqual([undefined, undefined]);
  expect(await daysOfTag('other')).toBe(7);
});

test('a tag that is written while its manifest is put stays', async () => {
  for (let round = 0; round < 5; round++) {
    const tags = [`a${round}`, `b${round}`];
    await Promise.all([
      ...tags.map((tag) => putTag(tag, digest, another())),
      another().putManifest(alpine, manifest, contents, now),
    ]);
    for (const tag of tags) expect(await daysOfTag(tag)).toBeUndefined();
    await store.removeManifest(alpine, digest);
  }
});

test('the tags of a removed manifest expire, and stay when it is put again', async () => {
  await store.putManifest(alpine, manifest, contents, now);
  await putTag('1');
  await store.removeManifest(alpine, digest);
  expect(await daysOfTag('1')).toBe(7);
  await store.putManifest(alpine, manifest, contents, now);
  expect(await daysOfTag('1')).toBeUndefined();
});

test('lists expire with all their parts', async () => {
  const tags = Array.from({ length: 20_000 }, () => randomBytes(32).toString('hex'));
  await store.putTagList(alpine, { tags, checked: now });
  let items = 0;
  for await (const page of opened.another().pages({ pk: 'list#docker.io/library/alpine' })) {
    for (const { ttl } of page) {
      items += 1;
      expect((Number(ttl?.N) - now / 1000) / day).toBe(30);
    }
  }
  expect(items).toBeGreaterThan(1);
  await store.putTagList(alpine, { tags: [], checked: now });
  for await (const page of opened.another().pages({ pk: 'list#docker.io/library/alpine' })) {
    expect(page).toEqual([]);
  }
});
