import { afterEach, beforeEach, expect, test } from 'vitest';
import { pullRow } from '../../../../functions/aws/dynamodb/manifest-item.ts';
import { DynamoDbManifestStore } from '../../../../functions/aws/dynamodb/manifest-store.ts';
import { alpine, imageOfLayers } from '../../../standins/dynamodb/made-images.ts';
import { MemoryManifests } from '../../../standins/dynamodb/memory-manifests.ts';
import { type OpenedDynamoDb, openDynamoDb } from '../../../standins/dynamodb/open-dynamodb.ts';

const hour = 3_600_000;
const refusal = { status: 400, body: { __type: 'ValidationException' } } as const;

let opened: OpenedDynamoDb;
let store: DynamoDbManifestStore;
let now: number;

beforeEach(async () => {
  opened = await openDynamoDb();
  now = Date.UTC(2026, 0, 1);
  const options = { large: new MemoryManifests(), now: () => now };
  store = new DynamoDbManifestStore(opened.table, options);
});
afterEach(() => opened.close());

/** How many rows of pulls there are. */
async function rowCount(): Promise<number> {
  let count = 0;
  for await (const rows of opened.another().pages({ pk: 'pull' })) count += rows.length;
  return count;
}

test.each(['PutItem', 'DeleteItem'])(
  'a mark that broke off at %s is put right when it is read',
  async (failing) => {
    const { manifest, contents } = imageOfLayers(1);
    await store.putManifest(alpine, manifest, contents, 5);
    opened.proxy.answerBy(({ action }) => (action === failing ? refusal : undefined));
    await expect(store.markPulled(alpine, manifest.digest, 9)).rejects.toThrow('Validation');
    opened.proxy.answerBy(() => undefined);
    await store.leastRecentlyPulled(10);
    const marks = await store.leastRecentlyPulled(10);
    expect(marks).toEqual([{ repository: alpine, digest: manifest.digest, pulled: 9 }]);
    expect(await rowCount()).toBe(1);
  },
);

test('an earlier mark changes nothing', async () => {
  const { manifest, contents } = imageOfLayers(1);
  await store.putManifest(alpine, manifest, contents, 5);
  await store.markPulled(alpine, manifest.digest, 4);
  expect((await store.getManifest(alpine, manifest.digest))?.pulled).toBe(5);
});

test('a pull whose manifest never came goes after an hour', async () => {
  const { manifest } = imageOfLayers(1);
  const pull = { pulled: now, generation: 1 };
  await opened.table.put(pullRow('docker.io/library/alpine', manifest.digest, pull));
  now += hour;
  expect(await store.leastRecentlyPulled(10)).toEqual([]);
  expect(await rowCount()).toBe(1);
  now += 1;
  expect(await store.leastRecentlyPulled(10)).toEqual([]);
  expect(await rowCount()).toBe(0);
});

test('more manifests than a page of rows holds come in order', async () => {
  const images = Array.from({ length: 130 }, (_, index) => imageOfLayers(1, `image ${index}`));
  for (const [index, { manifest, contents }] of images.entries()) {
    await store.putManifest(alpine, manifest, contents, 1000 - index);
  }
  const marks = await store.leastRecentlyPulled(125);
  expect(marks.map(({ pulled }) => pulled)).toEqual(
    Array.from({ length: 125 }, (_, index) => 871 + index),
  );
});
