import { beforeEach, expect, test } from 'vitest';
import { type Transfer, uploadParts } from '../../../../functions/aws/s3/upload-parts.ts';
import type { Bucket, UploadedPart } from '../../../../functions/core/bucket/bucket.ts';

type Job = Parameters<ReturnType<typeof uploadParts>>[0];

const content = new Uint8Array(25).fill(7);
const upload = { key: 'blob', id: 'U1' };

let hashed: number;
let uploaded: string[];
let asked: number;
let stop: AbortController;
let deadline: AbortController;
let failing: number | undefined;
let onRead: (start: number) => void;

beforeEach(() => {
  hashed = 0;
  uploaded = [];
  asked = 0;
  stop = new AbortController();
  deadline = new AbortController();
  failing = undefined;
  onRead = () => undefined;
});

const part = (number: number, size = 10): UploadedPart => ({
  number,
  size,
  etag: `e${number}`,
  crc32: undefined,
});

/** Sends 25 bytes in parts of ten. */
function send({
  lanes = 2,
  done = [],
  stalls,
}: {
  lanes?: number;
  done?: UploadedPart[];
  stalls?: number;
} = {}) {
  const bucket = {
    async uploadPart(_: unknown, number: number, bytes: Uint8Array, signal: AbortSignal) {
      signal.throwIfAborted();
      if (number === failing) throw new Error('refused');
      await new Promise((resolve) => setImmediate(resolve));
      uploaded.push(`${number}:${bytes.byteLength}`);
      return part(number, bytes.byteLength);
    },
  };
  const source = {
    open(start: number, end = 24) {
      let at = start;
      return {
        async read() {
          onRead(at);
          const value = content.subarray(at, Math.min(at + 5, end + 1));
          at += value.byteLength;
          return value.byteLength === 0 ? { done: true } : { done: false, value };
        },
        cancel: async () => undefined,
      };
    },
  };
  const transfer = {
    bucket: bucket as unknown as Bucket,
    buffers: { acquire: async (bytes: number) => new Uint8Array(bytes), release: () => undefined },
    lanes: async () => {
      asked += 1;
      return lanes;
    },
  } as unknown as Transfer;
  const hash = {
    update: (bytes: Uint8Array) => {
      hashed += bytes.byteLength;
    },
    save: () => `hash of ${hashed}`,
  };
  const job = {
    source,
    wanted: { digest: 'x', size: 25 },
    upload,
    done,
    partBytes: 10,
    hash,
    progress: stalls === undefined ? undefined : { stalls, upload: undefined },
    signal: stop.signal,
    deadline: {
      signal: deadline.signal,
      get hasPassed() {
        return deadline.signal.aborted;
      },
    },
  };
  return uploadParts(transfer)(job as unknown as Job);
}

const all = [part(1), part(2), part(3, 5)];

test.each([1, 2, 5])(
  'a blob goes in parts, all hashed and in order, by %i lanes',
  async (lanes) => {
    expect(await send({ lanes })).toEqual({ parts: all, isComplete: true, saved: 'hash of 25' });
    expect(uploaded.sort()).toEqual(['1:10', '2:10', '3:5']);
  },
);

test('a resumed upload sends only the rest', async () => {
  expect(await send({ done: [part(1)] })).toEqual({
    parts: all,
    isComplete: true,
    saved: 'hash of 15',
  });
  expect(uploaded.sort()).toEqual(['2:10', '3:5']);
});

test('after a put that moved no part, one is read at a time', async () => {
  await send({ stalls: 1 });
  expect(asked).toBe(0);
  await send({ stalls: 0 });
  expect(asked).toBe(1);
});

test('a put that has to pause keeps the parts without a gap, and their hash', async () => {
  onRead = (at) => {
    if (at === 15) deadline.abort(new Error('time is over'));
  };
  expect(await send({ lanes: 1 })).toEqual({
    parts: [part(1)],
    isComplete: false,
    saved: 'hash of 10',
  });
});

test('a part that is refused fails the put', async () => {
  failing = 2;
  await expect(send()).rejects.toThrow('refused');
});

test('a put that is stopped rejects with the reason', async () => {
  onRead = (at) => {
    if (at === 15) stop.abort(new Error('stopped'));
  };
  await expect(send()).rejects.toThrow('stopped');
});

test('a source that fails fails the put', async () => {
  onRead = (at) => {
    if (at === 15) throw new Error('broken');
  };
  await expect(send()).rejects.toThrow('broken');
});
