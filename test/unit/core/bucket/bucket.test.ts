import { expect, test } from 'vitest';
import { BucketError, notPublished } from '../../../../functions/core/bucket/bucket.ts';

test('an error has the operation, the code, the status and the cause', () => {
  const cause = new Error('why');
  const answered = new BucketError('S3 PutObject', 'AccessDenied', 403, cause);
  expect(answered).toMatchObject({ message: 'S3 PutObject: AccessDenied (403)', cause });
  const silent = new BucketError('S3 PutObject', 'ECONNRESET', undefined);
  expect(silent.message).toBe('S3 PutObject: ECONNRESET');
  expect(silent).not.toHaveProperty('cause');
});

test.each([
  ['ECONNRESET', undefined, true],
  ['InternalError', 500, true],
  ['SlowDown', 503, true],
  ['TooManyRequests', 429, true],
  ['RequestTimeout', 400, true],
  ['AccessDenied', 403, false],
  ['NoSuchUpload', 404, false],
  ['Odd', 499, false],
])('%s (%s) may pass: %s', (code, status, isPassing) => {
  expect(new BucketError('S3 PutObject', code, status).isPassing).toBe(isPassing);
});

test('what was not published is named as S3 names it', () => {
  expect(notPublished('put', { kind: 'conflict' }).code).toBe('ConditionalRequestConflict');
  expect(notPublished('put', { kind: 'upload-gone' }).code).toBe('upload-gone');
});
