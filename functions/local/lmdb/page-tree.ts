import { readSync } from 'node:fs';

/** The size of a page's header, and of a node's, in bytes. */
export const pageHeader = 24;
const nodeHeader = 8;

/** Kinds of pages. LMDB keeps other flags in the higher bits while a page is in memory. */
const kindMask = 0x6f;
const branch = 0x01;
const leaf = 0x02;
const overflow = 0x04;

/** Flags of nodes in a leaf: their data is on overflow pages, or is a table. */
const bigData = 0x01;
const subData = 0x02;

/** The record of a table: where its tree is and how large. */
export interface TableRecord {
  readonly flags: number;
  readonly depth: number;
  readonly branchPages: number;
  readonly leafPages: number;
  readonly overflowPages: number;
  readonly entries: number;
  /** undefined if the table is empty. */
  readonly root: number | undefined;
}

/** The size of a table's record, in bytes. */
export const tableRecordBytes = 48;

/** Reads a table's record. */
export function readTableRecord(page: Buffer, at: number): TableRecord {
  const isEmpty = page.readUInt32LE(at + 44) === 0xffffffff;
  return {
    flags: page.readUInt16LE(at + 4),
    depth: page.readUInt16LE(at + 6),
    branchPages: readNumber(page, at + 8),
    leafPages: readNumber(page, at + 16),
    overflowPages: readNumber(page, at + 24),
    entries: readNumber(page, at + 32),
    root: isEmpty ? undefined : readNumber(page, at + 40),
  };
}

/** A 64-bit number; inexact above 2^53, where it is out of every range anyway. */
export function readNumber(page: Buffer, at: number): number {
  return page.readUInt32LE(at) + page.readUInt32LE(at + 4) * 2 ** 32;
}

/** What a walk counts, and a table's record states. */
type Counted = Record<'branchPages' | 'leafPages' | 'overflowPages' | 'entries', number>;

/** What is wrong with an index. */
export class IndexDamage extends Error {}

/** A row in a leaf, within its page or on overflow pages. */
export interface Row {
  readonly key: Buffer;
  readonly isTable: boolean;
  /** Reads the value, which changes with the next row. */
  value(): Buffer;
}

/** The pages that a file of LMDB uses. Nothing is mapped, so that damage is an error and no signal. */
export class PageTree {
  readonly pageSize: number;
  readonly lastPage: number;
  readonly #fd: number;
  readonly #fileSize: number;
  readonly #used: Uint8Array;
  readonly #buffers: Buffer[] = [];

  constructor(fd: number, fileSize: number, pageSize: number, lastPage: number) {
    this.#fd = fd;
    this.#fileSize = fileSize;
    this.pageSize = pageSize;
    this.lastPage = lastPage;
    this.#used = new Uint8Array(lastPage + 1);
  }

  /** Tells whether a tree that was walked uses a page. */
  uses(page: number): boolean {
    return this.#used[page] === 1;
  }

  /** Walks a table and passes its rows on. Throws an IndexDamage if anything contradicts its record. */
  walk(name: string, table: TableRecord, onRow: (row: Row) => void): void {
    const counted: Counted = { branchPages: 0, leafPages: 0, overflowPages: 0, entries: 0 };
    if (table.root !== undefined) {
      if (table.depth < 1 || table.depth > 30) throw new IndexDamage(`${name}: invalid depth`);
      this.#walkPage(name, table.root, table.depth, counted, onRow);
    }
    for (const [what, count] of Object.entries(counted)) {
      if (table[what as keyof Counted] === count) continue;
      throw new IndexDamage(`${name}: its record has another number of ${what}`);
    }
  }

  #walkPage(
    name: string,
    number: number,
    depth: number,
    counted: Counted,
    onRow: (row: Row) => void,
  ): void {
    const page = this.#read(name, number, depth);
    const fail = (what: string) => new IndexDamage(`${name}: page ${number} ${what}`);
    if ((page.readUInt16LE(18) & kindMask) !== (depth > 1 ? branch : leaf)) {
      throw fail('is of another kind');
    }
    const room = this.pageSize - pageHeader;
    const lower = page.readUInt16LE(20);
    const upper = page.readUInt16LE(22);
    if (lower % 2 !== 0 || lower === 0 || lower > upper || upper > room) {
      throw fail('has an invalid header');
    }
    if (depth > 1) counted.branchPages += 1;
    else counted.leafPages += 1;
    let left = room - upper;
    let keyBefore = 0;
    let keyBeforeEnd = 0;
    for (let at = 0; at < lower; at += 2) {
      const pointer = page.readUInt16LE(pageHeader + at);
      const node = pointer + pageHeader;
      if (pointer < upper || pointer % 2 !== 0 || node + nodeHeader > this.pageSize) {
        throw fail('has a node outside of it');
      }
      const low = page.readUInt16LE(node) + page.readUInt16LE(node + 2) * 0x10000;
      const flags = page.readUInt16LE(node + 4);
      const key = node + nodeHeader;
      const keyEnd = key + page.readUInt16LE(node + 6);
      const isBig = depth === 1 && (flags & bigData) !== 0;
      const size = depth > 1 ? 0 : isBig ? pageHeader : low;
      if (keyEnd + size > this.pageSize) throw fail('has a node beyond its end');
      left -= keyEnd + size - node + ((keyEnd + size - node) % 2);
      // The first key of a branch is empty.
      const isFirst = at === 0 || (depth > 1 && at === 2);
      const order = isFirst ? -1 : page.compare(page, key, keyEnd, keyBefore, keyBeforeEnd);
      if (order >= 0 && !name.startsWith('the list of free')) throw fail('has keys out of order');
      keyBefore = key;
      keyBeforeEnd = keyEnd;
      if (depth > 1) {
        this.#walkPage(name, low + flags * 2 ** 32, depth - 1, counted, onRow);
        continue;
      }
      if ((flags & ~(bigData | subData)) !== 0) throw fail('has a node of an unknown kind');
      counted.entries += 1;
      const big = isBig ? this.#overflow(name, page, keyEnd, low) : undefined;
      if (big !== undefined) counted.overflowPages += big.pages;
      onRow({
        key: page.subarray(key, keyEnd),
        isTable: (flags & subData) !== 0,
        value: () => big?.read() ?? page.subarray(keyEnd, keyEnd + low),
      });
    }
    if (left !== 0) throw fail('has nodes that overlap');
  }

  #overflow(
    name: string,
    page: Buffer,
    at: number,
    size: number,
  ): { readonly pages: number; read(): Buffer } {
    const number = readNumber(page, at);
    const pages = readNumber(page, at + 16);
    if (pages !== Math.floor((pageHeader - 1 + size) / this.pageSize) + 1) {
      throw new IndexDamage(`${name}: a value has another size than its pages`);
    }
    const first = this.#read(name, number, 0, pages);
    if ((first.readUInt16LE(18) & kindMask) !== overflow || first.readUInt32LE(20) !== pages) {
      throw new IndexDamage(`${name}: page ${number} is of another kind`);
    }
    return {
      pages,
      read: () => {
        const value = Buffer.allocUnsafe(size);
        this.#readAt(value, number * this.pageSize + pageHeader, `${name}: page ${number}`);
        return value;
      },
    };
  }

  /** Reads a page, and marks it and those that follow as used. `depth` chooses the buffer. */
  #read(name: string, number: number, depth: number, pages = 1): Buffer {
    const what = `${name}: page ${number}`;
    const end = number + pages;
    if (number < 2 || end > this.lastPage + 1 || !Number.isSafeInteger(end)) {
      throw new IndexDamage(`${what} does not exist`);
    }
    if (end * this.pageSize > this.#fileSize) {
      throw new IndexDamage(`${what} is beyond the end of the file`);
    }
    for (let one = number; one < end; one += 1) {
      if (this.#used[one] === 1) throw new IndexDamage(`${name}: page ${one} is used twice`);
      this.#used[one] = 1;
    }
    this.#buffers[depth] ??= Buffer.allocUnsafeSlow(this.pageSize);
    const page = this.#buffers[depth];
    this.#readAt(page, number * this.pageSize, what);
    if (readNumber(page, 0) !== number) throw new IndexDamage(`${what} has another number`);
    return page;
  }

  #readAt(target: Buffer, position: number, what: string): void {
    for (let at = 0; at < target.length; ) {
      const count = readSync(this.#fd, target, at, target.length - at, position + at);
      if (count === 0) throw new IndexDamage(`${what} is beyond the end of the file`);
      at += count;
    }
  }
}
