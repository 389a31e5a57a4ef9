import { expect, test } from 'vitest';
import {
  ifAbsent,
  resultOf,
  retryConflict,
  toPublished,
} from '../../../../functions/aws/s3/s3-error.ts';
import { BucketError, type Published } from '../../../../functions/core/bucket/bucket.ts';
import { withoutWaiting } from '../../../fake-timers.ts';

const errorOf = (name: string, more: object = {}) =>
  Object.assign(new Error('secret'), { name }, more);
const bucketError = (code: string, status?: number) => new BucketError('S3 Put', code, status);

/** What becomes of an error of the SDK. */
async function converted(error: unknown, signal?: AbortSignal) {
  return resultOf('GetObject', Promise.reject(error), signal).catch((failure: unknown) => failure);
}

test('a result is passed on', async () => {
  expect(await resultOf('GetObject', Promise.resolve(5))).toBe(5);
});

test.each<[string, unknown, string, number | undefined]>([
  ['a refusal', errorOf('NoSuchKey', { $metadata: { httpStatusCode: 404 } }), 'NoSuchKey', 404],
  ['a failure of the network', errorOf('Error', { code: 'ECONNRESET' }), 'Unknown', undefined],
  ['one that is a TypeError', errorOf('TypeError', { code: 'EPIPE' }), 'EPIPE', undefined],
  ['one without a code', errorOf('TypeError'), 'TypeError', undefined],
  ['an odd name', errorOf('a secret!'), 'Unknown', undefined],
  ['the longest name', errorOf('A'.repeat(100)), 'A'.repeat(100), undefined],
  ['a longer name', errorOf('A'.repeat(101)), 'Unknown', undefined],
  ['metadata of nothing', errorOf('X', { $metadata: null }), 'X', undefined],
  ['a status in text', errorOf('X', { $metadata: { httpStatusCode: '404' } }), 'X', undefined],
  ['metadata without a status', errorOf('X', { $metadata: {} }), 'X', undefined],
  ['what is no error', 'secret', 'Unknown', undefined],
])('%s becomes an error without what was sent', async (what, error, code, status) => {
  const failure = await converted(error);
  expect(failure).toBeInstanceOf(BucketError);
  const expected = what === 'a failure of the network' ? 'ECONNRESET' : code;
  expect(failure).toMatchObject({ code: expected, status });
  expect(String(failure)).not.toContain('secret');
});

test('an error of the bucket stays, and an aborted call rejects with the reason', async () => {
  const known = bucketError('SlowDown', 503);
  expect(await converted(known)).toBe(known);
  const reason = new Error('stopped');
  expect(await converted(known, AbortSignal.abort(reason))).toBe(reason);
  expect(await converted(known, new AbortController().signal)).toBe(known);
});

test('only a 404 is an absence', () => {
  expect(ifAbsent(bucketError('NoSuchKey', 404))).toBeUndefined();
  for (const failure of [bucketError('AccessDenied', 403), new Error('a bug')]) {
    expect(() => ifAbsent(failure)).toThrow(failure);
  }
});

test.each([
  ['PreconditionFailed', 412, 'there-already'],
  ['ConditionalRequestConflict', 409, 'conflict'],
  ['BadDigest', 400, 'wrong-bytes'],
  ['XAmzContentSHA256Mismatch', 400, 'wrong-bytes'],
  ['InvalidDigest', 400, 'wrong-bytes'],
  ['NoSuchUpload', 404, 'upload-gone'],
])('%s means %i: %s', (code, status, kind) => {
  expect(toPublished(bucketError(code, status))).toEqual({ kind });
});

test('any other failure to publish is passed on', () => {
  for (const failure of [bucketError('SlowDown', 503), new Error('a bug')]) {
    expect(() => toPublished(failure)).toThrow(failure);
  }
});

test.each([
  [0, 1, 'published'],
  [3, 4, 'published'],
  [4, 4, 'conflict'],
])('after %i conflicts, %i tries end as %s', async (conflicts, tries, kind) => {
  let count = 0;
  const publish = async (): Promise<Published> => ({
    kind: ++count > conflicts ? 'published' : 'conflict',
  });
  expect(await withoutWaiting(() => retryConflict(publish))).toEqual({ kind });
  expect(count).toBe(tries);
});
