import { expect, test } from 'vitest';
import { putInR2 } from '../../../../functions/cloudflare/r2/blob-put.ts';
import { sourceOf } from '../../../contract/fed-source.ts';
import { madeDigest } from '../../../contract/made-content.ts';

const bytes = new TextEncoder().encode('a layer');
const digest = madeDigest(bytes);

/** Puts a small blob into a bucket with these methods. */
function put(bucket: object, abort = new AbortController()) {
  const request = {
    key: 'key',
    wanted: { digest, size: bytes.byteLength },
    source: sourceOf(bytes),
    signal: abort.signal,
    progress: undefined,
    pauseAt: undefined,
  };
  const options = { bucket, now: () => 0, bytesPerPut: 1000 } as never;
  return putInR2(request as never, options);
}

const lost = () => Promise.reject(new Error('connection lost'));
const stored = async () => ({ key: 'key', size: 7, uploaded: new Date(0) });

test('a small blob is put at once, with its hash', async () => {
  const puts: unknown[] = [];
  const bucket = { put: async (...given: unknown[]) => void puts.push(given) };
  expect(await put(bucket)).toEqual({ kind: 'stored', size: 7 });
  expect(puts).toMatchObject([['key', bytes, { sha256: digest.slice('sha256:'.length) }]]);
});

test('a put whose answer was lost has stored the blob, if it is there', async () => {
  expect(await put({ put: lost, head: stored })).toEqual({ kind: 'stored', size: 7 });
});

test.each([
  ['it is not there', async () => null],
  ['it cannot be seen', () => Promise.reject(new Error('other'))],
])('and is the error if %s', async (_, head) => {
  await expect(put({ put: lost, head })).rejects.toThrow('connection lost');
});

test('an aborted put asks nothing more', async () => {
  const abort = new AbortController();
  let heads = 0;
  const bucket = {
    put() {
      abort.abort(new Error('stopped'));
      return lost();
    },
    head() {
      heads += 1;
      return stored();
    },
  };
  await expect(put(bucket, abort)).rejects.toThrow();
  expect(heads).toBe(0);
});
