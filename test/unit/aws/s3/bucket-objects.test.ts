import { expect, test } from 'vitest';
import { bucketObjects } from '../../../../functions/aws/s3/bucket-objects.ts';
import { withoutWaiting } from '../../../fake-timers.ts';
import { type SdkCall, scriptedSdk, sdkError } from './scripted-sdk.ts';

const bytes = new Uint8Array([1, 2, 3]);
const announced = { size: 3, sha256: '00ff' };
const modified = new Date(5000);
const sum = 'AP8=';
const object = { kind: 'published' };

/** A bucket whose calls are answered one after another; the last answer stays. */
function bucket(...answers: ((call: SdkCall) => object)[]) {
  const { calls, load } = scriptedSdk((call) => {
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    return answer?.(call) ?? {};
  });
  return { calls, of: bucketObjects('a-bucket', load) };
}

const fails = (status: number | undefined, name?: string) => () => {
  throw sdkError(status, name);
};
const body = (length = 3) => ({
  ContentLength: length,
  Body: { transformToByteArray: async () => bytes },
});
const cut = () => ({
  ContentLength: 3,
  Body: { transformToByteArray: () => Promise.reject(new Error('aborted')) },
});
const verified = () => ({ ChecksumSHA256: sum });

test('an object has its size and its time', async () => {
  const { calls, of } = bucket(() => ({ ContentLength: 3, LastModified: modified }));
  const { signal } = new AbortController();
  expect(await of.head('a', signal)).toEqual({ key: 'a', size: 3, modified: 5000 });
  expect(calls).toMatchObject([{ name: 'HeadObject', input: { Bucket: 'a-bucket', Key: 'a' } }]);
  expect(calls[0]?.signal).toBe(signal);
});

test('an object that is not there is undefined, and nothing else is', async () => {
  expect(await bucket(fails(404)).of.head('a')).toBeUndefined();
  expect(await bucket(fails(404)).of.get('a')).toBeUndefined();
  await bucket(fails(404)).of.delete('a');
  for (const call of ['head', 'get', 'delete'] as const) {
    const { calls, of } = bucket(fails(403));
    await expect(of[call]('a')).rejects.toMatchObject({ status: 403 });
    expect(calls).toHaveLength(1);
  }
});

test('an object is read into memory, up to 64 MiB', async () => {
  expect(await bucket(() => body()).of.get('a')).toEqual(bytes);
  expect(await bucket(() => body(64 * 1024 ** 2)).of.get('a')).toEqual(bytes);
  expect(await bucket(() => ({})).of.get('a')).toEqual(new Uint8Array());
  const { calls, of } = bucket(() => body(64 * 1024 ** 2 + 1));
  await expect(of.get('a')).rejects.toMatchObject({ code: 'TooLarge' });
  expect(calls).toHaveLength(1);
});

test('an object whose body breaks off is read again, four times in all', async () => {
  const once = bucket(cut, () => body());
  expect(await withoutWaiting(() => once.of.get('a'))).toEqual(bytes);
  const { calls, of } = bucket(cut);
  await expect(withoutWaiting(() => of.get('a'))).rejects.toThrow('GetObject');
  expect(calls).toHaveLength(4);
});

test('an object is put with its hash, where none is', async () => {
  const { calls, of } = bucket(verified);
  expect(await of.put('a', bytes, announced)).toEqual(object);
  expect(calls).toMatchObject([
    {
      name: 'PutObject',
      input: { Body: bytes, ContentLength: 3, ChecksumSHA256: sum, IfNoneMatch: '*' },
      headers: { 'x-amz-content-sha256': '00ff' },
      isStreaming: false,
    },
  ]);
});

test('an object is put over another one if that is wanted', async () => {
  const { calls, of } = bucket(verified);
  await of.put('a', bytes, { ...announced, replace: true });
  expect(calls[0]?.input).not.toHaveProperty('IfNoneMatch');
});

test.each([
  [412, 'PreconditionFailed', 'there-already'],
  [400, 'BadDigest', 'wrong-bytes'],
])('%i %s: %s', async (status, name, kind) => {
  const { calls, of } = bucket(fails(status, name));
  expect(await of.put('a', bytes, announced)).toEqual({ kind });
  expect(calls).toHaveLength(1);
});

test('a put that meets another one is repeated', async () => {
  const { calls, of } = bucket(fails(409), verified);
  expect(await withoutWaiting(() => of.put('a', bytes, announced))).toEqual(object);
  expect(calls).toHaveLength(2);
});

test('bytes that a service did not verify are removed', async () => {
  const { calls, of } = bucket(() => ({}));
  await expect(of.put('a', bytes, announced)).rejects.toMatchObject({
    code: 'ChecksumNotVerified',
  });
  expect(calls.map(({ name, input }) => [name, input.Key])).toEqual([
    ['PutObject', 'a'],
    ['DeleteObject', 'a'],
  ]);
});

async function* noBytes() {}

test('a stream goes by its own client, and ends with the answer', async () => {
  const { calls, of } = bucket(verified);
  const { signal } = new AbortController();
  expect(await of.putStream('a', noBytes(), announced, signal)).toEqual(object);
  expect(calls).toMatchObject([{ name: 'PutObject', isStreaming: true }]);
  const sent = calls[0]?.input.Body as { destroyed: boolean };
  expect([sent.destroyed, calls[0]?.signal?.aborted]).toEqual([true, true]);
});

test('a stream that is aborted rejects with the reason', async () => {
  const reason = new Error('no time is left');
  const abort = new AbortController();
  const { of } = bucket(() => {
    abort.abort(reason);
    throw sdkError(undefined, 'AbortError');
  });
  await expect(of.putStream('a', noBytes(), announced, abort.signal)).rejects.toBe(reason);
});

test('a list has all pages, and can begin after a key', async () => {
  const { calls, of } = bucket(
    () => ({
      Contents: [{ Key: 'p/b', Size: 1, LastModified: modified }],
      IsTruncated: true,
      NextContinuationToken: 'next',
    }),
    () => ({ Contents: [{ Key: 'p/c' }], NextContinuationToken: 'ignored' }),
  );
  const pages = [];
  for await (const page of of.list('p/', 'p/a')) pages.push(page);
  expect(pages).toEqual([
    [{ key: 'p/b', size: 1, modified: 5000 }],
    [{ key: 'p/c', size: 0, modified: 0 }],
  ]);
  const about = { Bucket: 'a-bucket', Prefix: 'p/' };
  expect(calls.map(({ input }) => input)).toEqual([
    { ...about, StartAfter: 'p/a' },
    { ...about, ContinuationToken: 'next' },
  ]);
});

test('a list without a beginning and without objects is one empty page', async () => {
  const { calls, of } = bucket(() => ({}));
  const pages = [];
  for await (const page of of.list('p/')) pages.push(page);
  expect(pages).toEqual([[]]);
  expect(calls.map(({ input }) => input)).toEqual([{ Bucket: 'a-bucket', Prefix: 'p/' }]);
});
