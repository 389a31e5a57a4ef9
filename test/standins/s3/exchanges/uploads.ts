import { crc32 } from 'node:zlib';
import type { Ask, Exchange } from '../exchange.ts';

const large = Buffer.alloc(5 * 2 ** 20, 'large');
const upload = { uploadId: '{upload}' };
const create: Ask = { method: 'POST', query: { uploads: '' } };
const withCrc: Ask = { ...create, headers: { 'x-amz-checksum-algorithm': 'CRC32' } };
const object: Ask = { method: 'GET' };
const abort: Ask = { method: 'DELETE', query: upload };
const unknown = { uploadId: 'VGhpcyBpcyBubyB1cGxvYWQ' };
const etag1 = '<ETag>{etag1}</ETag>';
const etag2 = '<ETag>{etag2}</ETag>';
const wrongEtag = '<ETag>"00000000000000000000000000000000"</ETag>';
const noUpload = { status: 404, code: 'NoSuchUpload' };

function part(number: number, body: string | Buffer, headers: Record<string, string> = {}): Ask {
  return { method: 'PUT', query: { partNumber: String(number), ...upload }, body, headers };
}

/** Completes an upload of these parts, each with the XML that says which of its number it is. */
function complete(parts: Readonly<Record<number, string>>, headers = {}): Ask {
  const listed = Object.entries(parts).map(
    ([number, rest]) => `<Part><PartNumber>${number}</PartNumber>${rest}</Part>`,
  );
  const body = `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${listed.join('')}</CompleteMultipartUpload>`;
  return { method: 'POST', query: upload, body, headers };
}

function refused(name: string, given: readonly Ask[], ask: Ask, code: string): Exchange {
  return { name, given: [create, ...given], ask, expect: { status: 400, code } };
}

function crc(bytes: string | Buffer): string {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(crc32(bytes));
  return out.toString('base64');
}

const crcOf = (text: string) => ({ 'x-amz-checksum-crc32': crc(text) });
const sumOfSums = crc(Buffer.from(crc('one'), 'base64')).replaceAll('+', '\\+');

/** Multipart uploads. */
export const uploads: readonly Exchange[] = [
  {
    name: 'two parts',
    given: [create, part(1, large), part(2, 'end')],
    ask: complete({ 1: etag1, 2: etag2 }),
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
      { ask: part(3, 'late'), expect: noUpload },
    ],
  },
  refused(
    'a part before the last that is too small',
    [part(1, large.subarray(1)), part(2, 'end')],
    complete({ 1: etag1, 2: etag2 }),
    'EntityTooSmall',
  ),
  refused(
    'parts in another order',
    [part(1, large), part(2, large)],
    { ...complete({ 1: etag1 }), body: swapped(complete({ 1: etag1, 2: etag2 }).body) },
    'InvalidPartOrder',
  ),
  refused('another ETag', [part(1, 'one')], complete({ 1: wrongEtag }), 'InvalidPart'),
  refused('a part that did not come', [part(1, 'one')], complete({ 2: etag1 }), 'InvalidPart'),
  refused('no parts', [part(1, 'one')], complete({}), 'MalformedXML'),
  refused('part 0', [], part(0, 'one'), 'InvalidArgument'),
  refused('part 10,001', [], part(10_001, 'one'), 'InvalidArgument'),
  {
    name: 'a part that came twice',
    given: [create, part(1, 'one'), part(1, 'two')],
    ask: complete({ 1: etag2 }),
    expect: { status: 200 },
    after: [{ ask: object, expect: { status: 200, body: 'two' } }],
  },
  {
    name: 'a part of an upload that is not there',
    ask: { ...part(1, 'one'), query: { partNumber: '1', ...unknown } },
    expect: noUpload,
  },
  {
    name: 'an upload that is not there',
    ask: { ...complete({ 1: wrongEtag }), query: unknown },
    expect: noUpload,
  },
  {
    name: 'an upload that was aborted',
    given: [create, part(1, 'one')],
    ask: abort,
    expect: { status: 204 },
    after: [
      { ask: part(2, 'two'), expect: noUpload },
      { ask: complete({ 1: etag1 }), expect: noUpload },
      { ask: abort, expect: noUpload },
      { ask: object, expect: { status: 404, code: 'NoSuchKey' } },
    ],
  },
  {
    name: 'If-None-Match where something is',
    given: [create, part(1, 'one'), { method: 'PUT', body: 'before' }],
    ask: complete({ 1: etag1 }, { 'if-none-match': '*' }),
    expect: { status: 412, code: 'PreconditionFailed' },
    after: [
      { ask: object, expect: { status: 200, body: 'before' } },
      { ask: abort, expect: { status: 204 } },
    ],
  },
  {
    name: 'If-None-Match where nothing is',
    given: [create, part(1, 'one')],
    ask: complete({ 1: etag1 }, { 'if-none-match': '*' }),
    expect: { status: 200 },
  },
  {
    name: 'a part with the CRC-32 of other bytes',
    given: [withCrc],
    ask: part(1, 'one', crcOf('two')),
    expect: { status: 400, code: 'BadDigest' },
  },
  {
    name: 'parts with their CRC-32',
    given: [withCrc, part(1, 'one', crcOf('one'))],
    ask: complete({ 1: `${etag1}<ChecksumCRC32>${crc('one')}</ChecksumCRC32>` }),
    expect: { status: 200, body: new RegExp(`<ChecksumCRC32>${sumOfSums}-1</ChecksumCRC32>`) },
  },
  {
    name: 'no CRC-32 of the parts',
    given: [withCrc, part(1, 'one', crcOf('one'))],
    ask: complete({ 1: etag1 }),
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
];

/** The XML with its two parts the other way round. */
function swapped(xml: Ask['body']): string {
  return String(xml).replace(/(<Part>.*<\/Part>)(<Part>.*<\/Part>)/, '$2$1');
}
