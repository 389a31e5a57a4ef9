import { beforeEach, expect, test } from 'vitest';
import type { Item } from '../../../../functions/aws/dynamodb/item.ts';
import {
  changeOfPart,
  changesOf,
  foldedRows,
  foldRows,
  LateCounts,
  lateRows,
  partOf,
} from '../../../../functions/aws/dynamodb/late-counts.ts';
import type { DynamoDbTable } from '../../../../functions/aws/dynamodb/table.ts';
import { parseDigest } from '../../../../functions/core/oci/digest.ts';

const digestOf = (first: string) => {
  const digest = parseDigest(`sha256:${first.padEnd(64, '0')}`);
  if (digest === undefined) throw new Error('not a digest');
  return digest;
};

let rows: Item[];
let sent: { TransactItems: object[] }[];
let failures: number;

beforeEach(() => {
  rows = [];
  sent = [];
  failures = 0;
});

const table = {
  async put(item: Item) {
    // The write may have happened although its answer was lost.
    rows.push(item);
    if (failures-- > 0) throw new Error('no answer');
  },
  call: (make: (client: object, name: string) => unknown) =>
    make({ send: async ({ input }: { input: (typeof sent)[0] }) => void sent.push(input) }, 't'),
} as unknown as DynamoDbTable;

const ids = () => rows.map(({ sk }) => sk?.S);

test('the blobs of one message are counted in one row, by their part', async () => {
  const counts = new LateCounts(table, 'blobs');
  counts.add(digestOf('a'), 5);
  counts.add(digestOf('a1'), 7);
  counts.add(digestOf('b'), -1);
  await counts.flush();
  expect(rows).toEqual([
    {
      pk: { S: 'blobs' },
      sk: { S: expect.stringMatching(/^late#[0-9a-f-]{36}$/) },
      parts: { S: expect.anything() },
    },
  ]);
  expect(changesOf(rows)).toEqual(
    new Map([
      ['sha256:a', { bytes: 12, changes: 2 }],
      ['sha256:b', { bytes: -1, changes: 1 }],
    ]),
  );
});

test('nothing new writes nothing, and new blobs get a row of their own', async () => {
  const counts = new LateCounts(table, 'blobs');
  await counts.flush();
  expect(rows).toEqual([]);
  counts.add(digestOf('a'), 5);
  await counts.flush();
  await counts.flush();
  expect(rows).toHaveLength(1);
  counts.add(digestOf('a'), 5);
  await counts.flush();
  expect(new Set(ids()).size).toBe(2);
});

test('a row whose write failed is written again under its ID', async () => {
  failures = 1;
  const counts = new LateCounts(table, 'blobs');
  counts.add(digestOf('a'), 5);
  await expect(counts.flush()).rejects.toThrow('no answer');
  counts.add(digestOf('b'), 5);
  await counts.flush();
  const [first, again, next] = ids();
  expect(again).toBe(first);
  expect(next).not.toBe(first);
  expect(rows).toHaveLength(3);
});

test('flushes run one after another', async () => {
  const counts = new LateCounts(table, 'blobs');
  counts.add(digestOf('a'), 5);
  await Promise.all([counts.flush(), counts.flush()]);
  expect(rows).toHaveLength(1);
});

test('rows are told from other items, and unreadable ones count nothing', () => {
  const item = (sk: string) => ({ pk: { S: 'blobs' }, sk: { S: sk } });
  const items = [item('late#1'), item('used#sha256:a'), item('a late#2'), {}];
  expect(lateRows(items)).toEqual([item('late#1')]);
  expect(changesOf([item('late#1'), { ...item('late#2'), parts: { S: 'x' } }])).toEqual(new Map());
});

test('rows are added to their parts and removed together, forty at a time', async () => {
  const counts = new LateCounts(table, 'blobs');
  for (let at = 0; at < foldedRows + 1; at++) {
    counts.add(digestOf('a'), 5);
    await counts.flush();
  }
  await foldRows(table, rows, (part) => ({ pk: 'blobs', sk: `used#${part}` }), 9);
  expect(sent.map(({ TransactItems }) => TransactItems.length)).toEqual([41, 2]);
  expect(sent[1]?.TransactItems).toMatchObject([
    { Delete: { Key: { sk: rows[40]?.sk }, ConditionExpression: 'attribute_exists(#pk)' } },
    {
      Update: {
        Key: { sk: { S: 'used#sha256:a' } },
        ExpressionAttributeValues: { ':bytes': { N: '5' }, ':changes': { N: '1' } },
      },
    },
  ]);
  expect(sent[0]?.TransactItems[40]).toMatchObject({
    Update: { ExpressionAttributeValues: { ':bytes': { N: '200' }, ':changes': { N: '40' } } },
  });
});

test('a part is the beginning of a digest, and remembers its first change', () => {
  expect(partOf(digestOf('a'))).toBe('sha256:a');
  const key = { pk: 'p', sk: 's' };
  expect(changeOfPart(key, { bytes: 5, changes: 1 }, 9)).toMatchObject({
    change: key,
    update: expect.stringContaining('if_not_exists(#since, :now)'),
    values: { ':now': { N: '9' }, ':bytes': { N: '5' }, ':changes': { N: '1' } },
  });
});
