import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  PageTree,
  pageHeader,
  type Row,
  readTableRecord,
  type TableRecord,
  tableRecordBytes,
} from '../../../../functions/local/lmdb/page-tree.ts';

const pageSize = 512;
const [branch, leaf, overflow] = [1, 2, 4];
const [bigData, subData] = [1, 2];

const folder = mkdtempSync(join(tmpdir(), 'pullfront-pages-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Node {
  readonly key: string;
  /** The value of a leaf's node, or what it says of its overflow pages. */
  readonly data?: Buffer;
  /** The page below a branch's node, or the size of a value on overflow pages. */
  readonly low?: number;
  readonly flags?: number;
}

function page(number: number, kind: number): Buffer {
  const bytes = Buffer.alloc(pageSize);
  bytes.writeUInt32LE(number, 0);
  bytes.writeUInt16LE(kind, 18);
  return bytes;
}

/** A page of nodes, in the order given. */
function nodePage(number: number, kind: number, nodes: readonly Node[]): Buffer {
  const bytes = page(number, kind);
  let upper = pageSize - pageHeader;
  nodes.forEach(({ key, data = Buffer.alloc(0), low = data.length, flags = 0 }, at) => {
    const size = 8 + key.length + data.length;
    upper -= size + (size % 2);
    const node = upper + pageHeader;
    bytes.writeUInt16LE(low, node);
    bytes.writeUInt16LE(flags, node + 4);
    bytes.writeUInt16LE(key.length, node + 6);
    bytes.write(key, node + 8);
    data.copy(bytes, node + 8 + key.length);
    bytes.writeUInt16LE(upper, pageHeader + 2 * at);
  });
  bytes.writeUInt16LE(2 * nodes.length, 20);
  bytes.writeUInt16LE(upper, 22);
  return bytes;
}

/** What a node says of overflow pages. */
function reference(number: number, pages: number): Buffer {
  const bytes = Buffer.alloc(24);
  bytes.writeUInt32LE(number, 0);
  bytes.writeUInt32LE(pages, 16);
  return bytes;
}

const value = (text: string) => Buffer.from(text);

/** A tree of two leaves, and a value on two overflow pages. */
const intact = () => {
  const first = page(5, overflow);
  first.writeUInt32LE(2, 20);
  first.write('big', pageHeader);
  return [
    page(0, 8),
    page(1, 8),
    nodePage(2, branch, [
      { key: '', low: 3 },
      { key: 'c', low: 4 },
    ]),
    nodePage(3, leaf, [
      { key: 'a', data: value('1') },
      { key: 'b', data: value('22'), flags: subData },
    ]),
    nodePage(4, leaf, [
      { key: 'c', data: value('3') },
      { key: 'dd', data: reference(5, 2), low: 600, flags: bigData },
    ]),
    first,
    Buffer.alloc(pageSize),
  ];
};

const record: TableRecord = {
  flags: 0,
  depth: 2,
  branchPages: 1,
  leafPages: 2,
  overflowPages: 2,
  entries: 4,
  root: 2,
};

function walked(
  pages: readonly Buffer[],
  { table = {}, name = 'rows', lastPage = 6, fileSize = pages.length * pageSize } = {},
) {
  const file = join(folder, 'data.mdb');
  writeFileSync(file, Buffer.concat(pages));
  const fd = openSync(file, 'r');
  try {
    const tree = new PageTree(fd, fileSize, pageSize, lastPage);
    const rows: string[] = [];
    const onRow = (row: Row) =>
      rows.push(`${row.key} ${row.isTable} ${row.value().toString().slice(0, 3)}`);
    tree.walk(name, { ...record, ...table }, onRow);
    return { tree, rows };
  } finally {
    closeSync(fd);
  }
}

/** The intact pages, one of which is another. */
function changed(number: number, other: Buffer): Buffer[] {
  return intact().with(number, other);
}

/** The intact pages, one of which is changed in place. */
function edited(number: number, edit: (page: Buffer) => unknown): Buffer[] {
  const pages = intact();
  edit(pages[number] ?? Buffer.alloc(0));
  return pages;
}

test('a walk passes all rows on, in their order, and marks the pages it used', () => {
  const { tree, rows } = walked(intact());
  expect(rows).toEqual(['a false 1', 'b true 22', 'c false 3', 'dd false big']);
  expect([1, 2, 3, 4, 5, 6].map((number) => tree.uses(number))).toEqual([
    false,
    ...Array.from({ length: 5 }, () => true),
  ]);
});

test('an empty table has no pages', () => {
  const empty = { branchPages: 0, leafPages: 0, overflowPages: 0, entries: 0, root: undefined };
  expect(walked(intact(), { table: { ...empty, depth: 0 } }).rows).toEqual([]);
});

test('keys may be in any order only in the list of free pages, which are numbers', () => {
  const leaf3 = nodePage(3, leaf, [
    { key: 'b', data: value('1') },
    { key: 'a', data: value('2') },
  ]);
  const pages = changed(3, leaf3);
  expect(() => walked(pages)).toThrow('rows: page 3 has keys out of order');
  expect(walked(pages, { name: 'the list of free pages' }).rows).toHaveLength(4);
});

describe('the keys of a branch', () => {
  /** Three leaves of one row each below a branch with these keys. */
  const three = (...keys: readonly string[]) => [
    page(0, 8),
    page(1, 8),
    nodePage(
      2,
      branch,
      keys.map((key, at) => ({ key, low: 3 + at })),
    ),
    ...['a', 'b', 'c'].map((key, at) => nodePage(3 + at, leaf, [{ key, data: value('x') }])),
  ];
  const options = {
    table: { branchPages: 1, leafPages: 3, overflowPages: 0, entries: 3 },
    lastPage: 5,
  };

  test.each([
    ['', 'b', 'c'],
    // The first key means nothing.
    ['z', 'b', 'c'],
  ])('are in order: %j, %j, %j', (first, second, third) => {
    expect(walked(three(first, second, third), options).rows).toHaveLength(3);
  });

  test.each([
    ['', 'c', 'b'],
    ['', 'b', 'b'],
  ])('are not in order: %j, %j, %j', (first, second, third) => {
    expect(() => walked(three(first, second, third), options)).toThrow(
      'page 2 has keys out of order',
    );
  });
});

test.each<[string, Buffer[], string]>([
  [
    'the same key twice',
    changed(3, nodePage(3, leaf, [{ key: 'a' }, { key: 'a' }])),
    'out of order',
  ],
  ['a leaf for a branch', changed(2, nodePage(2, leaf, [{ key: 'a' }])), 'another kind'],
  ['a branch for a leaf', changed(3, nodePage(3, branch, [{ key: 'a', low: 4 }])), 'another kind'],
  ['a page of another number', changed(3, nodePage(9, leaf, [{ key: 'a' }])), 'another number'],
  ['no nodes', changed(3, nodePage(3, leaf, [])), 'an invalid header'],
  ['an odd header', edited(3, (page) => page.writeUInt16LE(3, 20)), 'an invalid header'],
  ['more pointers than room', edited(3, (page) => page.writeUInt16LE(488, 20)), 'invalid header'],
  ['nodes beyond the page', edited(3, (page) => page.writeUInt16LE(490, 22)), 'invalid header'],
  ['a node among the pointers', edited(3, (page) => page.writeUInt16LE(2, 24)), 'outside of it'],
  ['a node at an odd place', edited(3, (page) => page.writeUInt16LE(477, 24)), 'outside of it'],
  ['a node at the end', edited(3, (page) => page.writeUInt16LE(486, 24)), 'outside of it'],
  ['a long key', edited(3, (page) => page.writeUInt16LE(60_000, 508)), 'beyond its end'],
  ['a long value', edited(3, (page) => page.writeUInt16LE(60_000, 502)), 'beyond its end'],
  [
    'a node of another kind',
    changed(3, nodePage(3, leaf, [{ key: 'a', flags: 4 }])),
    'unknown kind',
  ],
  ['a gap', edited(3, (page) => page.writeUInt16LE(page.readUInt16LE(22) - 2, 22)), 'overlap'],
  [
    'a page used twice',
    changed(
      2,
      nodePage(2, branch, [
        { key: '', low: 3 },
        { key: 'c', low: 3 },
      ]),
    ),
    'used twice',
  ],
  ['a meta page', changed(2, nodePage(2, branch, [{ key: '', low: 1 }])), 'page 1 does not exist'],
  [
    'a page after the last',
    changed(2, nodePage(2, branch, [{ key: '', low: 7 }])),
    'page 7 does not exist',
  ],
  [
    'other overflow pages',
    edited(5, (page) => page.writeUInt32LE(3, 20)),
    'page 5 is of another kind',
  ],
  [
    'a leaf for overflow pages',
    edited(5, (page) => page.writeUInt16LE(leaf, 18)),
    'page 5 is of another kind',
  ],
  [
    'a value of another size',
    changed(4, nodePage(4, leaf, [{ key: 'c', data: reference(5, 2), low: 400, flags: bigData }])),
    'a value has another size than its pages',
  ],
])('damage is named: %s', (_, pages, damage) => {
  expect(() => walked(pages)).toThrow(damage);
});

test('a value fills its pages to the last byte', () => {
  const pagesFor = (size: number) =>
    changed(
      4,
      nodePage(4, leaf, [
        { key: 'c', data: value('3') },
        { key: 'dd', data: reference(5, 2), low: size, flags: bigData },
      ]),
    );
  const most = 2 * pageSize - pageHeader;
  expect(walked(pagesFor(most)).rows).toHaveLength(4);
  expect(() => walked(pagesFor(most + 1))).toThrow('another size');
  expect(walked(pagesFor(pageSize - pageHeader + 1)).rows).toHaveLength(4);
  expect(() => walked(pagesFor(pageSize - pageHeader))).toThrow('another size');
});

test.each(['branchPages', 'leafPages', 'overflowPages', 'entries'])(
  'a record with another number of %s is damage',
  (what) => {
    expect(() => walked(intact(), { table: { [what]: 9 } })).toThrow(`another number of ${what}`);
  },
);

test.each([0, 31])('a depth of %d is damage', (depth) => {
  expect(() => walked(intact(), { table: { depth } })).toThrow('rows: invalid depth');
});

test('a file that is shorter than its pages is damage', () => {
  const beyond = 'is beyond the end of the file';
  expect(() => walked(intact(), { fileSize: 4 * pageSize })).toThrow(`page 4 ${beyond}`);
  expect(() => walked(intact().slice(0, 4), { fileSize: 7 * pageSize })).toThrow(beyond);
  expect(() => walked(intact(), { lastPage: 5 })).toThrow('page 5 does not exist');
});

test('a record says where the tree of a table is', () => {
  const bytes = Buffer.alloc(tableRecordBytes);
  bytes.writeUInt16LE(4, 4);
  bytes.writeUInt16LE(2, 6);
  for (const number of [1, 2, 3, 4, 5]) bytes.writeUInt32LE(number, 8 * number);
  const read = { flags: 4, depth: 2, branchPages: 1, leafPages: 2, overflowPages: 3, entries: 4 };
  expect(readTableRecord(bytes, 0)).toEqual({ ...read, root: 5 });
  bytes.writeUInt32LE(1, 12);
  expect(readTableRecord(bytes, 0).branchPages).toBe(2 ** 32 + 1);
  bytes.fill(0xff, 40);
  expect(readTableRecord(bytes, 0).root).toBeUndefined();
});
