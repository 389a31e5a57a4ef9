import { createHash } from 'node:crypto';
import type { Ask, Exchange } from '../exchange.ts';

const large = Buffer.alloc(5 * 2 ** 20, 'large');
const upload = { uploadId: '{upload}' };
const create: Ask = { method: 'POST', query: { uploads: '' } };
const object: Ask = { method: 'GET' };

function part(number: number, body: string | Buffer, headers: Record<string, string> = {}): Ask {
  return { method: 'PUT', query: { partNumber: String(number), ...upload }, body, headers };
}

function complete(
  parts: readonly (readonly [number, string])[],
  headers: Record<string, string> = {},
): Ask {
  const listed = parts.map(
    ([number, rest]) => `<Part><PartNumber>${number}</PartNumber>${rest}</Part>`,
  );
  const body = `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${listed.join('')}</CompleteMultipartUpload>`;
  return { method: 'POST', query: upload, body, headers };
}

const etag1 = '<ETag>{etag1}</ETag>';
const etag2 = '<ETag>{etag2}</ETag>';
const unknown = { uploadId: 'VGhpcyBpcyBubyB1cGxvYWQ' };

function sha256(bytes: string | Buffer): string {
  return createHash('sha256').update(bytes).digest('base64');
}

const bySha256: Ask = { ...create, headers: { 'x-amz-checksum-algorithm': 'SHA256' } };
const checked = `${etag1}<ChecksumSHA256>${sha256('one')}</ChecksumSHA256>`;

/** Multipart uploads. */
export const uploads: readonly Exchange[] = [
  {
    name: 'two parts',
    given: [create, part(1, large), part(2, 'end')],
    ask: complete([
      [1, etag1],
      [2, etag2],
    ]),
    expect: {
      status: 200,
      body: /<CompleteMultipartUploadResult[\s\S]*-2(&quot;|&#34;|")<\/ETag>/,
    },
    after: [
      { ask: object, expect: { status: 200, body: Buffer.concat([large, Buffer.from('end')]) } },
      {
        ask: { ...object, headers: { range: 'bytes=5242878-5242881' } },
        expect: { status: 206, body: Buffer.concat([large.subarray(-2), Buffer.from('en')]) },
      },
      { ask: part(3, 'late'), expect: { status: 404, code: 'NoSuchUpload' } },
    ],
  },
  {
    name: 'a part of which only the last may be so small',
    given: [create, part(1, large.subarray(1)), part(2, 'end')],
    ask: complete([
      [1, etag1],
      [2, etag2],
    ]),
    expect: { status: 400, code: 'EntityTooSmall' },
    after: [{ ask: object, expect: { status: 404, code: 'NoSuchKey' } }],
  },
  {
    name: 'parts in another order',
    given: [create, part(1, large), part(2, large)],
    ask: complete([
      [2, etag2],
      [1, etag1],
    ]),
    expect: { status: 400, code: 'InvalidPartOrder' },
  },
  {
    name: 'a part with another ETag',
    given: [create, part(1, 'one')],
    ask: complete([[1, '<ETag>"00000000000000000000000000000000"</ETag>']]),
    expect: { status: 400, code: 'InvalidPart' },
  },
  {
    name: 'a part that did not come',
    given: [create, part(1, 'one')],
    ask: complete([[2, etag1]]),
    expect: { status: 400, code: 'InvalidPart' },
  },
  {
    name: 'a part that came twice',
    given: [create, part(1, 'one'), part(1, 'two')],
    ask: complete([[1, etag2]]),
    expect: { status: 200 },
    after: [{ ask: object, expect: { status: 200, body: 'two' } }],
  },
  {
    name: 'no parts',
    given: [create, part(1, 'one')],
    ask: complete([]),
    expect: { status: 400, code: 'MalformedXML' },
  },
  {
    name: 'a part of an upload that is not there',
    ask: { ...part(1, 'one'), query: { partNumber: '1', ...unknown } },
    expect: { status: 404, code: 'NoSuchUpload' },
  },
  {
    name: 'completing an upload that is not there',
    ask: { ...complete([[1, '<ETag>"00000000000000000000000000000000"</ETag>']]), query: unknown },
    expect: { status: 404, code: 'NoSuchUpload' },
  },
  {
    name: 'an upload that was aborted',
    given: [create, part(1, 'one')],
    ask: { method: 'DELETE', query: upload },
    expect: { status: 204 },
    after: [
      { ask: part(2, 'two'), expect: { status: 404, code: 'NoSuchUpload' } },
      { ask: complete([[1, etag1]]), expect: { status: 404, code: 'NoSuchUpload' } },
      { ask: { method: 'DELETE', query: upload }, expect: { status: 404, code: 'NoSuchUpload' } },
      { ask: object, expect: { status: 404, code: 'NoSuchKey' } },
    ],
  },
  {
    name: 'part 0',
    given: [create],
    ask: part(0, 'one'),
    expect: { status: 400, code: 'InvalidArgument' },
  },
  {
    name: 'part 10 001',
    given: [create],
    ask: part(10_001, 'one'),
    expect: { status: 400, code: 'InvalidArgument' },
  },
  {
    name: 'completing where something is, with If-None-Match',
    given: [create, part(1, 'one'), { method: 'PUT', body: 'before' }],
    ask: complete([[1, etag1]], { 'if-none-match': '*' }),
    expect: { status: 412, code: 'PreconditionFailed' },
    after: [
      { ask: object, expect: { status: 200, body: 'before' } },
      { ask: { method: 'DELETE', query: upload }, expect: { status: 204 } },
    ],
  },
  {
    name: 'completing where nothing is, with If-None-Match',
    given: [create, part(1, 'one')],
    ask: complete([[1, etag1]], { 'if-none-match': '*' }),
    expect: { status: 200 },
  },
  {
    name: 'a part with the SHA-256 of other bytes',
    given: [bySha256],
    ask: part(1, 'one', { 'x-amz-checksum-sha256': sha256('two') }),
    expect: { status: 400, code: 'BadDigest' },
  },
  {
    name: 'parts with their SHA-256',
    given: [bySha256, part(1, 'one', { 'x-amz-checksum-sha256': sha256('one') })],
    ask: complete([[1, checked]]),
    expect: {
      status: 200,
      body: new RegExp(
        `<ChecksumSHA256>${sha256(Buffer.from(sha256('one'), 'base64')).replaceAll('+', '\\+')}-1</ChecksumSHA256>`,
      ),
    },
  },
  {
    name: 'completing without the SHA-256 of the parts',
    given: [bySha256, part(1, 'one', { 'x-amz-checksum-sha256': sha256('one') })],
    ask: complete([[1, etag1]]),
    expect: { status: 400, code: 'InvalidRequest' },
  },
  {
    name: 'another size than the parts have',
    given: [create, part(1, 'one')],
    ask: complete([[1, etag1]], { 'x-amz-mp-object-size': '4' }),
    expect: { status: 400, code: 'InvalidRequest' },
  },
  {
    name: 'the list of parts',
    given: [create, part(2, 'two'), part(1, 'one')],
    ask: { method: 'GET', query: upload },
    expect: {
      status: 200,
      body: /<PartNumber>1<\/PartNumber>[\s\S]*<Size>3<\/Size>[\s\S]*<PartNumber>2<\/PartNumber>/,
    },
  },
  {
    name: 'the list of uploads',
    given: [create],
    ask: { method: 'GET', key: '', query: { uploads: '', prefix: '{prefix}/' } },
    expect: { status: 200, body: /<Upload>[\s\S]*<UploadId>/ },
  },
];
