import { afterEach, beforeEach, expect, test } from 'vitest';
import { DynamoDbManifestStore } from '../../../../functions/aws/dynamodb/manifest-store.ts';
import { emptyTagState } from '../../../../functions/core/ports/tag-state-text.ts';
import type { TagState } from '../../../../functions/core/ports/tag-states.ts';
import { madeDigest } from '../../../contract/made-content.ts';
import { alpine } from '../../../standins/dynamodb/made-images.ts';
import { MemoryManifests } from '../../../standins/dynamodb/memory-manifests.ts';
import { type OpenedDynamoDb, openDynamoDb } from '../../../standins/dynamodb/open-dynamodb.ts';

const order = { digest: madeDigest('frozen'), by: 'ann', why: 'because', since: 5 };
const frozen: TagState = { ...emptyTagState, frozen: order };

let opened: OpenedDynamoDb;
let store: DynamoDbManifestStore;

beforeEach(async () => {
  opened = await openDynamoDb();
  store = new DynamoDbManifestStore(opened.table, { large: new MemoryManifests(), now: Date.now });
});
afterEach(() => opened.close());

test.each([
  ['new', undefined],
  ['changed', 1],
])('a %s state whose answer was lost is written all the same', async (_, revision) => {
  if (revision !== undefined) await store.putTagState(alpine, '3', emptyTagState, undefined);
  opened.proxy.calls.length = 0;
  opened.proxy.answerBy(() => (opened.proxy.calls.length === 1 ? 'cut-after' : undefined));
  expect(await store.putTagState(alpine, '3', frozen, revision)).toBe(true);
  expect(opened.proxy.calls.map(({ action }) => action)).toEqual(['PutItem', 'PutItem', 'GetItem']);
  expect(await store.getTagState(alpine, '3')).toMatchObject({ revision: (revision ?? 0) + 1 });
});

test('a state that another instance wrote is none of ours, whatever its revision', async () => {
  const thawed = { ...frozen, frozen: { ...order, why: 'another reason' } };
  await store.putTagState(alpine, '3', thawed, undefined);
  expect(await store.putTagState(alpine, '3', frozen, undefined)).toBe(false);
});
