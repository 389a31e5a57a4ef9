import { expect, test } from 'vitest';
import type { Item } from '../../../../functions/aws/dynamodb/item.ts';
import { getPublic, putPublic } from '../../../../functions/aws/dynamodb/public-items.ts';
import type { DynamoDbTable } from '../../../../functions/aws/dynamodb/table.ts';
import { publicLife } from '../../../../functions/core/ports/public-repositories.ts';

const app = { registry: 'docker.io', name: 'library/app' };
const key = 'docker.io/library/app';

/** A table that has these items, and what was asked of it. */
function tableOf(...items: Item[]) {
  const asked: unknown[][] = [];
  const table = {
    put: async (item: Item) => void items.push(item),
    getBatch: async ({ Keys }: { Keys: unknown[] }) => {
      asked.push(Keys);
      return { items, left: [] };
    },
  };
  return { table: table as unknown as DynamoDbTable, items, asked };
}

test('a repository is public for so long after it was seen', async () => {
  const { table, items } = tableOf();
  await putPublic(table, app, 1001);
  expect(items[0]?.ttl).toEqual({ N: String(Math.ceil((1001 + publicLife) / 1000)) });
  expect(await getPublic(table, [app], 1000 + publicLife)).toEqual([{ key, seen: 1001 }]);
  expect(await getPublic(table, [app], 1001 + publicLife)).toEqual([]);
});

test('each repository is asked for once', async () => {
  const { table, asked } = tableOf();
  await getPublic(table, [app, app, { ...app, name: 'library/other' }], 1);
  expect(asked.map((keys) => keys.length)).toEqual([2]);
});

test('an item without a key or a time says nothing', async () => {
  const { table } = tableOf({ seen: { N: '5' } }, { pk: { S: `public#${key}` } });
  expect(await getPublic(table, [app], 6)).toEqual([]);
});
