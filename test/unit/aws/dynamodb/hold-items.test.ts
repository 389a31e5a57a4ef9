import { expect, test } from 'vitest';
import { listHolds, putHold } from '../../../../functions/aws/dynamodb/hold-items.ts';
import type { Item } from '../../../../functions/aws/dynamodb/item.ts';
import type { DynamoDbTable } from '../../../../functions/aws/dynamodb/table.ts';
import { type Hold, holdLife } from '../../../../functions/core/ports/manifest-store.ts';
import { madeDigest } from '../../../contract/made-content.ts';

const digest = madeDigest('a blob');
const hold: Hold = { kind: 'blob', digest, since: 1001, until: 2000, failures: 3, reason: 'gone' };

/** A table of one partition. */
function tableOf(...items: Item[]) {
  const table = {
    put: async (item: Item) => void items.push(item),
    async *pages() {
      for (const item of items) yield [item];
    },
  };
  return { table: table as unknown as DynamoDbTable, items };
}

test.each(['blob', 'manifest'] as const)(
  'a hold of a %s is read as it was written',
  async (kind) => {
    const { table, items } = tableOf();
    await putHold(table, 'hold#a', { ...hold, kind });
    expect(await listHolds(table, 'hold#a', 5000)).toEqual([{ ...hold, kind }]);
    expect(items[0]).toMatchObject({
      pk: { S: 'hold#a' },
      sk: { S: digest },
      ttl: { N: String(Math.ceil((1001 + holdLife) / 1000)) },
    });
  },
);

test('a hold counts for its life, although the table still has it', async () => {
  const { table } = tableOf();
  await putHold(table, 'hold#a', hold);
  expect(await listHolds(table, 'hold#a', 1000 + holdLife)).toHaveLength(1);
  expect(await listHolds(table, 'hold#a', 1001 + holdLife)).toEqual([]);
});

test('an item without a digest or a time is no hold, and other values have defaults', async () => {
  const { table } = tableOf(
    { sk: { S: 'x' }, since: { N: '5' } },
    { since: { N: '5' } },
    { sk: { S: digest } },
    { sk: { S: digest }, since: { N: '5' } },
  );
  const least = { kind: 'manifest', digest, since: 5, until: 5, failures: 1, reason: '' };
  expect(await listHolds(table, 'hold#a', 6)).toEqual([least]);
});
