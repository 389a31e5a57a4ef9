import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DynamoDbManifestStore } from '../../../../functions/aws/dynamodb/manifest-store.ts';
import type { TagRefusal } from '../../../../functions/core/ports/manifest-store.ts';
import { emptyTagState } from '../../../../functions/core/ports/tag-state-text.ts';
import { recordLives } from '../../../../functions/core/sources/record-lives.ts';
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

const another = (lives = recordLives(new Map())) =>
  new DynamoDbManifestStore(opened.another(), {
    large: new MemoryManifests(),
    now: () => now,
    lives,
  });

function putTag(
  tag: string,
  named = digest,
  instance = store,
  refusal?: TagRefusal,
): Promise<void> {
  const times = { firstSeen: now, changed: now, checked: now };
  const record = { digest: named, mediaType: 'm', size: 1, ...times, history: [], refusal };
  return instance.putTag(alpine, tag, record);
}

/** In how many days an item is deleted; undefined: never. */
async function daysLeft(pk: string, sk: string): Promise<number | undefined> {
  const item = await opened.another().get({ pk, sk });
  if (item === undefined) throw new Error(`there is no ${pk} ${sk}`);
  return item.ttl?.N === undefined ? undefined : (Number(item.ttl.N) - now / 1000) / day;
}

const daysOfTag = (tag: string) => daysLeft('tag#docker.io/library/alpine', tag);

test('a tag expires once its history and its policy need it no more, and later when it is checked', async () => {
  await store.putManifest(alpine, manifest, contents, now);
  await putTag('1');
  expect(await daysOfTag('1')).toBe(365 + 30);
  now += 1000;
  await putTag('1');
  expect(await daysOfTag('1')).toBe(365 + 30);
});

test('a policy that serves tags for longer keeps them and lists for longer', async () => {
  const policy = { maxStale: 100 * day * 1000, immutableTags: [/^v/] };
  const onDeleted = { keepFor: 500 * day * 1000, minimumAge: 0 };
  const lives = recordLives(new Map([['docker.io', { ...policy, onDeleted }]]));
  const patient = another(lives);
  await putTag('1', digest, patient);
  await putTag('v1', digest, patient);
  await patient.putTagList(alpine, { tags: ['1'], checked: now });
  expect(await daysOfTag('1')).toBe(530);
  // It is never checked again.
  expect(await daysOfTag('v1')).toBeUndefined();
  expect(await daysLeft('list#docker.io/library/alpine', 'tags')).toBe(530);
});

test('the row of a tag that is gone expires with its record', async () => {
  await putTag('1', digest, store, { since: now, isConfirmed: true });
  expect(await daysLeft('gone', 'docker.io/library/alpine#1')).toBe(395);
});

test('lists expire with all their parts', async () => {
  const tags = Array.from({ length: 20_000 }, () => randomBytes(32).toString('hex'));
  await store.putTagList(alpine, { tags, checked: now });
  let items = 0;
  for await (const page of opened.another().pages({ pk: 'list#docker.io/library/alpine' })) {
    for (const { ttl } of page) {
      items += 1;
      expect((Number(ttl?.N) - now / 1000) / day).toBe(60);
    }
  }
  expect(items).toBeGreaterThan(1);
  await store.putTagList(alpine, { tags: [], checked: now });
  for await (const page of opened.another().pages({ pk: 'list#docker.io/library/alpine' })) {
    expect(page).toEqual([]);
  }
});

test('a tag with a state keeps the item that the previous version writes and reads', async () => {
  await putTag('3');
  const key = { pk: 'tag#docker.io/library/alpine', sk: '3' };
  const read = async () => {
    const { ttl, ...item } = (await opened.another().get(key)) ?? {};
    return item;
  };
  const time = { N: String(now) };
  const expected = {
    ...{ pk: { S: key.pk }, sk: { S: key.sk }, digest: { S: digest }, mediaType: { S: 'm' } },
    ...{ size: { N: '1' }, firstSeen: time, changed: time, checked: time, history: { S: '[]' } },
  };
  expect(await read()).toEqual(expected);
  await store.putTagState(alpine, '3', emptyTagState, undefined);
  expect(await read()).toEqual(expected);
});
