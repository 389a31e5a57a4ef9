import { expect, test } from 'vitest';
import { pageOfNames } from '../../../../functions/aws/dynamodb/name-pages.ts';
import type { DynamoDbTable } from '../../../../functions/aws/dynamodb/table.ts';

/** A partition in pages of two names; it says what was asked, and how many pages were read. */
function tableOf(...names: string[]) {
  const asked: { range?: unknown; pageSize?: number }[] = [];
  let read = 0;
  const table = {
    async *pages(query: object) {
      asked.push(query);
      for (let at = 0; at < names.length; at += 2) {
        read += 1;
        yield names.slice(at, at + 2).map((name) => ({ sk: { S: name } }));
      }
    },
  };
  return { table: table as unknown as DynamoDbTable, asked, pagesRead: () => read };
}

test('a page is as long as it may be, and no more of the partition is read', async () => {
  const { table, asked, pagesRead } = tableOf('a', 'b', 'c', 'd', 'e', 'f');
  const page = await pageOfNames(table, 'tags', { limit: 2, last: undefined });
  expect(page).toEqual({ entries: ['a', 'b'], next: 'b' });
  expect(pagesRead()).toBe(2);
  expect(asked).toEqual([{ pk: 'tags', attributes: ['sk'], pageSize: 3 }]);
});

test('without a limit all names are read, in pages of any size', async () => {
  const { table, asked } = tableOf('a', 'b', 'c');
  const page = await pageOfNames(table, 'tags', { limit: undefined, last: undefined });
  expect(page).toEqual({ entries: ['a', 'b', 'c'], next: undefined });
  expect(asked).toEqual([{ pk: 'tags', attributes: ['sk'] }]);
});

test('a huge limit reads pages of what DynamoDB holds', async () => {
  const { table, asked } = tableOf('a');
  await pageOfNames(table, 'tags', { limit: 50_000, last: undefined });
  expect(asked[0]?.pageSize).toBe(20_000);
});

test('a page of nothing reads nothing', async () => {
  const { table, asked } = tableOf('a');
  const page = await pageOfNames(table, 'tags', { limit: 0, last: undefined });
  expect([page, asked]).toEqual([{ entries: [], next: undefined }, []]);
});

test('a page begins after the last name, and is of one registry', async () => {
  const { table, asked } = tableOf('x');
  await pageOfNames(table, 'tags', { limit: 1, last: 'm' });
  await pageOfNames(table, 'repositories', { limit: 1, last: undefined }, 'ghcr.io');
  await pageOfNames(table, 'repositories', { limit: 1, last: 'ghcr.io/m' }, 'ghcr.io');
  await pageOfNames(table, 'repositories', { limit: 1, last: 'docker.io/m' }, 'ghcr.io');
  const between = (start: string) => ({
    condition: '#sk BETWEEN :start AND :end',
    values: { ':start': { S: start }, ':end': { S: expect.stringMatching(/^ghcr\.io/) } },
  });
  expect(asked.map(({ range }) => range)).toEqual([
    { condition: '#sk > :start', values: { ':start': { S: 'm ' } } },
    between('ghcr.io/'),
    between('ghcr.io/m '),
    between('ghcr.io/'),
  ]);
  const beyond = await pageOfNames(table, 'repositories', { limit: 1, last: 'z' }, 'ghcr.io');
  expect([beyond.entries, asked.length]).toEqual([[], 4]);
});
