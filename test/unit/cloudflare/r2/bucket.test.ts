import { expect, test } from 'vitest';
import {
  partError,
  r2LargeValues,
  r2Store,
  readR2,
} from '../../../../functions/cloudflare/r2/bucket.ts';

const uploaded = new Date(5000);
const object = (key: string) => ({ key, size: 3, uploaded });
const error = (code: number) => new Error(`put: something went wrong (${code})`);

const store = (bucket: object) => r2Store(bucket as never);

test('an object that is there, and one that is not', async () => {
  const head = async (key: string) => (key === 'a' ? object(key) : null);
  const get = async (key: string) =>
    key === 'a' ? { arrayBuffer: async () => Uint8Array.of(1, 2).buffer } : null;
  const bucket = store({ head, get });
  expect(await bucket.head('a')).toEqual({ key: 'a', size: 3, modified: 5000 });
  expect(await bucket.head('b')).toBeUndefined();
  expect(await bucket.get('a')).toEqual(Uint8Array.of(1, 2));
  expect(await bucket.get('b')).toBeUndefined();
});

test('R2 checks the hash of what is put', async () => {
  const puts: unknown[] = [];
  const put = async (...given: unknown[]) => void puts.push(given);
  const bytes = Uint8Array.of(1);
  expect(await store({ put }).put('a', bytes, { size: 1, sha256: 'hash' })).toEqual({
    kind: 'published',
  });
  expect(puts).toEqual([['a', bytes, { sha256: 'hash' }]]);
});

const rejecting = (thrown: unknown) => ({
  put: () => Promise.reject(thrown),
  resumeMultipartUpload: () => ({ complete: () => Promise.reject(thrown) }),
});

test.each([
  [10_037, 'wrong-bytes', undefined],
  [10_024, undefined, 'upload-gone'],
  [10_025, undefined, 'upload-gone'],
  [10_001, undefined, undefined],
])('the error %s', async (code, ofPut, ofComplete) => {
  const bucket = store(rejecting(error(code)));
  const put = bucket.put('a', Uint8Array.of(1), { size: 1, sha256: 'hash' });
  const complete = bucket.complete({ key: 'a', id: '1' }, []);
  for (const [running, kind] of [
    [put, ofPut],
    [complete, ofComplete],
  ] as const) {
    if (kind === undefined) await expect(running).rejects.toThrow(String(code));
    else expect(await running).toEqual({ kind });
  }
  const part = partError(error(code)) as Error;
  expect(part.name).toBe(ofComplete === undefined ? 'Error' : 'BucketError');
});

test('what is thrown and is no error of R2 has no code', async () => {
  const text = { message: '(10037)' };
  await expect(
    store(rejecting(text)).put('a', Uint8Array.of(1), { size: 1, sha256: '' }),
  ).rejects.toBe(text);
  expect(partError(text)).toBe(text);
});

test('a list is read page by page, from the place after a key', async () => {
  const asked: unknown[] = [];
  const pages = [
    { objects: [object('b')], truncated: true, cursor: 'next' },
    { objects: [object('c')], truncated: false },
  ];
  const list = async (options: unknown) => pages[asked.push(options) - 1];
  const keys: string[][] = [];
  for await (const page of store({ list }).list('p/', 'p/a')) keys.push(page.map(({ key }) => key));
  expect(keys).toEqual([['b'], ['c']]);
  expect(asked).toEqual([
    { prefix: 'p/', startAfter: 'p/a' },
    { prefix: 'p/', cursor: 'next' },
  ]);
  for await (const page of store({ list: async () => pages[1] }).list('p/')) void page;
});

test('uploads, their parts, and their end', async () => {
  const calls: unknown[] = [];
  const bucket = store({
    createMultipartUpload: async () => ({ uploadId: 'u' }),
    resumeMultipartUpload: (...given: unknown[]) => ({
      complete: async (parts: unknown) => void calls.push([...given, parts]),
      abort: async () => void calls.push([...given, 'abort']),
    }),
    delete: async (key: string) => void calls.push(key),
  });
  const upload = await bucket.createUpload('a', new AbortController().signal);
  expect(upload).toEqual({ key: 'a', id: 'u' });
  const part = { number: 1, etag: 'e', size: 5, crc32: undefined };
  expect(await bucket.complete(upload, [part])).toEqual({ kind: 'published' });
  await bucket.abortUpload(upload);
  await bucket.delete('a');
  expect(calls).toEqual([['a', 'u', [{ partNumber: 1, etag: 'e' }]], ['a', 'u', 'abort'], 'a']);
});

test('a range has an offset and a length', async () => {
  const asked: unknown[] = [];
  const body = new ReadableStream();
  const get = async (...given: unknown[]) => {
    asked.push(given);
    return given[0] === 'a' ? { size: 10, body } : null;
  };
  const read = readR2({ get } as never);
  expect(await read('a', { start: 2, end: 4 })).toEqual({ size: 10, body });
  expect(await read('b')).toBeUndefined();
  expect(asked).toEqual([
    ['a', { range: { offset: 2, length: 3 } }],
    ['b', {}],
  ]);
});

test('large values are beside the blobs', async () => {
  const keys: string[] = [];
  const large = r2LargeValues({ delete: async (key: string) => void keys.push(key) } as never);
  await large.delete('tags/a');
  expect(keys).toEqual(['index/tags/a']);
});
