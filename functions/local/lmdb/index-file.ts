import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { endianness } from 'node:os';
import { join } from 'node:path';
import {
  IndexDamage,
  PageTree,
  pageHeader,
  type Row,
  readNumber,
  readTableRecord,
  type TableRecord,
  tableRecordBytes,
} from './page-tree.ts';

/** The processors whose files have the layout that is known here. */
const knownProcessors = ['x64', 'arm64', 'riscv64', 'loong64'];

const magic = 0xbeefc0de;
const metaFlag = 0x08;

/** A table that has duplicate keys, which the index never uses. */
const dupSort = 0x04;

/** A meta page: the root of a snapshot. */
interface Meta {
  readonly version: number;
  readonly mapSize: number;
  readonly pageSize: number;
  readonly free: TableRecord;
  readonly main: TableRecord;
  readonly lastPage: number;
  readonly transaction: number;
}

/**
 * Moves a damaged index out of the way, so that the mirror starts with an empty one; resolves to why, or
 * to undefined if it is intact. LMDB maps its file and trusts it: a damaged one would end the process by
 * a signal, at every start.
 */
export async function setDamagedAside(folder: string): Promise<string | undefined> {
  const damage = findDamage(join(folder, 'index', 'data.mdb'));
  if (damage === undefined) return undefined;
  const aside = join(folder, 'index.damaged');
  await rm(aside, { recursive: true, force: true });
  await rename(join(folder, 'index'), aside);
  return (
    `the index is damaged (${damage}) and is now in ${aside}, which can be deleted; the mirror starts ` +
    'with an empty index and keeps its blobs'
  );
}

/** Finds what is wrong with a file of LMDB; undefined if it is intact or absent. */
export function findDamage(path: string): string | undefined {
  if (endianness() !== 'LE' || !knownProcessors.includes(process.arch)) return undefined;
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { size } = fstatSync(fd);
    // LMDB creates the file empty.
    if (size > 0) {
      readAhead(fd);
      check(fd, size);
    }
    return undefined;
  } catch (error) {
    if (error instanceof IndexDamage) return error.message;
    if (codeOf(error) === 'EISDIR') return 'a folder is in its place';
    if (codeOf(error) === 'EIO') return 'the disk cannot read it';
    throw error;
  } finally {
    closeSync(fd);
  }
}

/**
 * Makes the system cache the file. The walk reads pages in the order of their keys: a disk with heads
 * would need minutes for what it reads in seconds from start to end.
 */
function readAhead(fd: number): void {
  const buffer = Buffer.allocUnsafeSlow(1024 * 1024);
  for (let at = 0, count = -1; count !== 0; at += count) {
    count = readSync(fd, buffer, 0, buffer.length, at);
  }
}

function check(fd: number, fileSize: number): void {
  const metas = readMetas(fd, fileSize);
  const [one, other] = metas;
  const { free, main, lastPage, pageSize } = one.transaction >= other.transaction ? one : other;
  const tree = new PageTree(fd, fileSize, pageSize, lastPage);
  const tables: { readonly name: string; readonly record: TableRecord }[] = [];
  tree.walk('the list of tables', main, (row) => {
    if (!row.isTable) return;
    const value = row.value();
    if (value.length !== tableRecordBytes) throw new IndexDamage('a table has no record');
    const name = row.key.toString('latin1').replace(/[^\w-]/g, '');
    tables.push({ name, record: readTableRecord(value, 0) });
  });
  for (const { name, record } of tables) {
    if ((record.flags & dupSort) !== 0) throw new IndexDamage(`${name}: unknown kind of table`);
    tree.walk(name, record, name === 'bytes' ? () => undefined : (row) => checkJson(name, row));
  }
  const freePages: number[] = [];
  tree.walk('the list of free pages', free, (row) => readFree(row, lastPage, freePages));
  if (freePages.some((page) => tree.uses(page))) throw new IndexDamage('a free page is used');
}

/** The values are JSON, except the manifests' own bytes. */
function checkJson(name: string, row: Row): void {
  try {
    JSON.parse(row.value().toString());
  } catch (error) {
    if (error instanceof SyntaxError) throw new IndexDamage(`${name}: a row is not JSON`);
    throw error;
  }
}

/** Reads a row of free pages: a count, then pages. A negative number is the length of a block. */
function readFree(row: Row, lastPage: number, freePages: number[]): void {
  const value = row.value();
  const count = value.length < 8 ? Number.NaN : readNumber(value, 0);
  const invalid = new IndexDamage('the list of free pages is invalid');
  if (!(8 * (count + 1) <= value.length)) throw invalid;
  for (let at = 8; at <= 8 * count; at += 8) {
    const entry = Number(value.readBigInt64LE(at));
    if (entry === 0) continue;
    const length = entry < 0 ? -entry : 1;
    if (entry < 0) at += 8;
    const first = entry < 0 ? (at <= 8 * count ? readNumber(value, at) : 0) : entry;
    if (first < 2 || first + length - 1 > lastPage) throw invalid;
    for (let page = first; page < first + length; page += 1) freePages.push(page);
  }
}

function readMetas(fd: number, fileSize: number): [Meta, Meta] {
  const first = readMeta(fd, 0);
  const { pageSize } = first;
  if (pageSize < 512 || pageSize > 65_536 || (pageSize & (pageSize - 1)) !== 0) {
    throw new IndexDamage('its page size is invalid');
  }
  const second = readMeta(fd, pageSize);
  for (const meta of [first, second]) {
    const { version, mapSize, lastPage } = meta;
    const isPlausible =
      meta.pageSize === pageSize &&
      version === first.version &&
      lastPage >= 1 &&
      lastPage * pageSize < 2 ** 46 &&
      mapSize < 2 ** 46 &&
      lastPage <= (8 * fileSize) / pageSize + 1024;
    if (!isPlausible) throw new IndexDamage('a meta page is invalid');
  }
  return [first, second];
}

function readMeta(fd: number, position: number): Meta {
  const page = Buffer.alloc(256);
  if (readSync(fd, page, 0, page.length, position) < page.length) {
    throw new IndexDamage('it is cut short');
  }
  const at = pageHeader;
  if ((page.readUInt16LE(18) & metaFlag) === 0 || page.readUInt32LE(at) !== magic) {
    throw new IndexDamage('a meta page is missing');
  }
  return {
    version: page.readUInt32LE(at + 4),
    mapSize: readNumber(page, at + 16),
    pageSize: page.readUInt32LE(at + 24),
    free: readTableRecord(page, at + 24),
    main: readTableRecord(page, at + 24 + tableRecordBytes),
    lastPage: readNumber(page, at + 24 + 2 * tableRecordBytes),
    transaction: readNumber(page, at + 32 + 2 * tableRecordBytes),
  };
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}
