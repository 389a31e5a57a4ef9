import { beforeEach, expect, test } from 'vitest';
import { ReadAhead, type ReadAheadOptions } from '../../../../functions/aws/s3/read-ahead.ts';

const content = new Uint8Array(Array.from({ length: 25 }, (_, at) => at));

let held: number;
let opened: string[];
let cancelled: number;
let abort: AbortController;
let failsAt: number;

beforeEach(() => {
  held = 0;
  opened = [];
  cancelled = 0;
  abort = new AbortController();
  failsAt = Number.POSITIVE_INFINITY;
});

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Reads 25 bytes in slices of ten. */
function readAhead(differences: Partial<ReadAheadOptions> = {}) {
  const source = {
    open(start: number, end: number | undefined) {
      opened.push(`${start}-${end ?? ''}`);
      const all = content.subarray(start, end === undefined ? undefined : end + 1);
      let at = 0;
      return {
        async read() {
          if (start >= failsAt) throw new Error('broken');
          if (at >= all.byteLength) return { done: true, value: undefined };
          const value = all.subarray(at, at + 4);
          at += 4;
          return { done: false, value };
        },
        cancel: async () => {
          cancelled += 1;
        },
      };
    },
  };
  const buffers = {
    acquire: async (bytes: number) => {
      held += 1;
      return new Uint8Array(bytes);
    },
    release: () => {
      held -= 1;
    },
  };
  return new ReadAhead({
    source: source as unknown as ReadAheadOptions['source'],
    start: 0,
    size: content.byteLength,
    sliceBytes: 10,
    lanes: 1,
    buffers,
    signal: abort.signal,
    ...differences,
  });
}

async function allOf(ahead: ReadAhead): Promise<number[][]> {
  const slices: number[][] = [];
  for await (const slice of ahead.slices()) slices.push([...slice]);
  return slices;
}

const expected = [
  [...content.subarray(0, 10)],
  [...content.subarray(10, 20)],
  [20, 21, 22, 23, 24],
];

test('one lane reads all slices from one stream', async () => {
  expect(await allOf(readAhead())).toEqual(expected);
  expect(opened).toEqual(['0-']);
  expect(held).toBe(0);
});

test('several lanes read slices of their own, and yield them in order', async () => {
  expect(await allOf(readAhead({ lanes: 2 }))).toEqual(expected);
  expect(opened).toEqual(['0-9', '10-19', '20-24']);
  expect(held).toBe(0);
});

test('as many slices are read ahead as there are lanes', async () => {
  const slices = readAhead({ lanes: 2, sliceBytes: 5 }).slices();
  const first = slices.next();
  await turn();
  await first;
  expect(opened).toEqual(['0-4', '5-9', '10-14']);
  await slices.next();
  expect(opened).toHaveLength(4);
});

test('a blob of unknown size ends with its source', async () => {
  expect(await allOf(readAhead({ size: undefined }))).toEqual(expected);
  expect(await allOf(readAhead({ size: undefined, sliceBytes: 25 }))).toEqual([[...content]]);
  expect(held).toBe(0);
});

test('an empty blob has one empty slice, the rest of a blob has none', async () => {
  expect(await allOf(readAhead({ size: undefined, start: 25 }))).toEqual([]);
  const empty = {
    open: () => ({ read: async () => ({ done: true }), cancel: async () => undefined }),
  } as unknown as ReadAheadOptions['source'];
  expect(await allOf(readAhead({ size: undefined, source: empty }))).toEqual([[]]);
  expect(held).toBe(0);
});

test('reading goes on where an earlier one ended', async () => {
  expect(await allOf(readAhead({ start: 10 }))).toEqual(expected.slice(1));
  expect(await allOf(readAhead({ start: 20, lanes: 3 }))).toEqual(expected.slice(2));
  expect(opened).toEqual(['10-', '20-24']);
});

test('each slice is used as soon as it is read, and its memory kept until then', async () => {
  const used: number[] = [];
  let finish: () => void = () => undefined;
  const use = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const onRead = (_: Uint8Array, index: number) => {
    used.push(index);
    return use;
  };
  expect(await allOf(readAhead({ lanes: 3, onRead }))).toEqual(expected);
  expect(used.sort()).toEqual([0, 1, 2]);
  await turn();
  expect(held).toBe(3);
  finish();
  await turn();
  expect(held).toBe(0);
});

test('a source that fails rejects the slice at its turn, and releases its memory', async () => {
  failsAt = 10;
  const ahead = readAhead({ lanes: 2 });
  const slices = ahead.slices();
  expect([...((await slices.next()).value ?? [])]).toEqual(expected[0]);
  await turn();
  await expect(slices.next()).rejects.toThrow('broken');
  expect(cancelled).toBeGreaterThan(0);
  await ahead.close();
  expect(held).toBe(0);
});

test('closing cancels the stream and releases what was not yielded', async () => {
  const ahead = readAhead({ lanes: 1 });
  await ahead.slices().next();
  await turn();
  expect(held).toBe(2);
  abort.abort(new Error('stopped'));
  await ahead.close();
  expect(cancelled).toBeGreaterThan(0);
  expect(held).toBe(1);
});

test('a slice that is not read to the end is released when its reader stops', async () => {
  const ahead = readAhead();
  for await (const _ of ahead.slices()) break;
  await ahead.close();
  expect(held).toBe(0);
});
