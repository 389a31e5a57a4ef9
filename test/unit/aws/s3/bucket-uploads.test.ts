import { expect, test } from 'vitest';
import { bucketUploads } from '../../../../functions/aws/s3/bucket-uploads.ts';
import { withoutWaiting } from '../../../fake-timers.ts';
import { type SdkCall, scriptedSdk, sdkError } from './scripted-sdk.ts';

const upload = { key: 'a', id: 'u' };
const ids = { Bucket: 'a-bucket', Key: 'a', UploadId: 'u' };

/** Uploads whose calls are answered one after another; the last answer stays. */
function uploads(...answers: ((call: SdkCall) => object)[]) {
  const { calls, load } = scriptedSdk((call) => {
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    return answer?.(call) ?? {};
  });
  return { calls, of: bucketUploads('a-bucket', load) };
}

const fails = (status: number, name?: string) => () => {
  throw sdkError(status, name);
};

test('an upload is created with a checksum of its parts', async () => {
  const { calls, of } = uploads(() => ({ UploadId: 'u' }));
  const { signal } = new AbortController();
  expect(await of.createUpload('a', signal)).toEqual(upload);
  expect(calls).toMatchObject([{ name: 'CreateMultipartUpload', input: { Key: 'a' }, signal }]);
  await expect(uploads(() => ({})).of.createUpload('a', signal)).rejects.toMatchObject({
    code: 'NoUploadId',
  });
});

test('a part is sent with its CRC, and without another hash', async () => {
  const bytes = new TextEncoder().encode('123456789');
  const { calls, of } = uploads(() => ({ ETag: '"e"', ChecksumCRC32: 'y/Q5Jg==' }));
  const { signal } = new AbortController();
  expect(await of.uploadPart(upload, 3, bytes, signal)).toEqual({
    number: 3,
    size: 9,
    etag: '"e"',
    crc32: 'y/Q5Jg==',
  });
  const headers = { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
  const input = { ...ids, PartNumber: 3, Body: bytes, ContentLength: 9, ChecksumCRC32: 'y/Q5Jg==' };
  expect(calls).toEqual([{ name: 'UploadPart', input, headers, signal, isStreaming: false }]);
});

test('all pages of parts are read, and no more', async () => {
  const { calls, of } = uploads(
    () => ({ Parts: [{ PartNumber: 1, Size: 5 }], IsTruncated: true, NextPartNumberMarker: '1' }),
    () => ({ Parts: [{ PartNumber: 2, Size: 5, ETag: 'e' }], NextPartNumberMarker: '2' }),
    () => ({}),
  );
  expect(await of.listParts(upload, new AbortController().signal)).toEqual([
    { number: 1, size: 5, etag: '', crc32: undefined },
    { number: 2, size: 5, etag: 'e', crc32: undefined },
  ]);
  expect(calls.map(({ input }) => input)).toEqual([ids, { ...ids, PartNumberMarker: '1' }]);
});

test('an upload that is gone has no parts', async () => {
  const { signal } = new AbortController();
  expect(await uploads(fails(404)).of.listParts(upload, signal)).toBeUndefined();
  expect(await uploads(() => ({})).of.listParts(upload, signal)).toEqual([]);
  await expect(uploads(fails(500)).of.listParts(upload, signal)).rejects.toThrow('ListParts');
});

const parts = [
  { number: 1, size: 5, etag: 'e', crc32: 'c' },
  { number: 2, size: 5, etag: 'f', crc32: undefined },
];

test('an upload is completed where no object is', async () => {
  const { calls, of } = uploads(() => ({}));
  expect(await of.complete(upload, parts)).toEqual({ kind: 'published' });
  const Parts = [
    { PartNumber: 1, ETag: 'e', ChecksumCRC32: 'c' },
    { PartNumber: 2, ETag: 'f' },
  ];
  expect(calls[0]?.input).toEqual({ ...ids, MultipartUpload: { Parts }, IfNoneMatch: '*' });
});

test.each([
  [412, 'PreconditionFailed', 'there-already'],
  [404, 'NoSuchUpload', 'upload-gone'],
])('%i %s: %s', async (status, name, kind) => {
  expect(await uploads(fails(status, name)).of.complete(upload, parts)).toEqual({ kind });
});

test('a completion that meets another one is repeated', async () => {
  const { calls, of } = uploads(fails(409), () => ({}));
  expect(await withoutWaiting(() => of.complete(upload, parts))).toEqual({ kind: 'published' });
  expect(calls).toHaveLength(2);
});

test('an upload that is gone can be aborted', async () => {
  const { calls, of } = uploads(fails(404));
  await of.abortUpload(upload);
  expect(calls.map(({ input }) => input)).toEqual([ids]);
  await expect(uploads(fails(500)).of.abortUpload(upload)).rejects.toThrow('AbortMultipart');
});
