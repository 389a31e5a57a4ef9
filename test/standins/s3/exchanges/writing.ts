import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Ask, Exchange } from '../exchange.ts';

const body = 'hello';
const put: Ask = { method: 'PUT', body };
const absent = [{ ask: { method: 'GET' }, expect: { status: 404, code: 'NoSuchKey' } }] as const;

function hashed(algorithm: string, text: string): string {
  return createHash(algorithm).update(text).digest('base64');
}

function crc(text: string): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(text));
  return bytes.toString('base64');
}

/** The least that S3 takes as a chunk which is not the last. */
const long = 'x'.repeat(8192);

/** A body in chunks with a checksum behind it. */
function chunked(chunks: readonly string[], checksum: string): Ask {
  const framed = chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('');
  return {
    method: 'PUT',
    body: `${framed}0\r\nx-amz-checksum-crc32:${checksum}\r\n\r\n`,
    headers: {
      'content-encoding': 'aws-chunked',
      'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      'x-amz-decoded-content-length': String(chunks.join('').length),
      'x-amz-trailer': 'x-amz-checksum-crc32',
    },
  };
}

/** PutObject: what is checked before an object becomes visible. */
export const writing: readonly Exchange[] = [
  {
    name: 'PUT',
    ask: put,
    expect: { status: 200, headers: { etag: '"5d41402abc4b2a76b9719d911017c592"' } },
    after: [{ ask: { method: 'GET' }, expect: { status: 200, body } }],
  },
  {
    name: 'an empty object',
    ask: { method: 'PUT', body: '' },
    expect: { status: 200 },
    after: [
      {
        ask: { method: 'GET' },
        expect: { status: 200, body: '', headers: { 'content-length': '0' } },
      },
    ],
  },
  {
    name: 'a body that nobody signed',
    ask: { ...put, headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } },
    expect: { status: 200 },
    after: [{ ask: { method: 'GET' }, expect: { status: 200, body } }],
  },
  {
    name: 'another body than the signed one',
    ask: {
      ...put,
      headers: { 'x-amz-content-sha256': createHash('sha256').update('hallo').digest('hex') },
    },
    expect: { status: 400, code: 'XAmzContentSHA256Mismatch' },
    after: absent,
  },
  {
    name: 'the right SHA-256',
    ask: { ...put, headers: { 'x-amz-checksum-sha256': hashed('sha256', body) } },
    expect: { status: 200, headers: { 'x-amz-checksum-sha256': hashed('sha256', body) } },
    after: [
      {
        ask: { method: 'HEAD', headers: { 'x-amz-checksum-mode': 'ENABLED' } },
        expect: { status: 200, headers: { 'x-amz-checksum-sha256': hashed('sha256', body) } },
      },
    ],
  },
  {
    name: 'the SHA-256 of other bytes, of a body that nobody signed',
    ask: {
      ...put,
      headers: {
        'x-amz-checksum-sha256': hashed('sha256', 'hallo'),
        'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
      },
    },
    expect: { status: 400, code: 'BadDigest' },
    after: absent,
  },
  {
    name: 'the SHA-256 of other bytes does not harm what is there',
    given: [put],
    ask: { ...put, body: 'hallo', headers: { 'x-amz-checksum-sha256': hashed('sha256', body) } },
    expect: { status: 400, code: 'BadDigest' },
    after: [{ ask: { method: 'GET' }, expect: { status: 200, body } }],
  },
  {
    name: 'a SHA-256 that is none',
    ask: { ...put, headers: { 'x-amz-checksum-sha256': 'aGVsbG8=' } },
    expect: { status: 400, code: 'InvalidRequest' },
    after: absent,
  },
  {
    name: 'the CRC-32 of other bytes',
    ask: { ...put, headers: { 'x-amz-checksum-crc32': crc('hallo') } },
    expect: { status: 400, code: 'BadDigest' },
    after: absent,
  },
  {
    name: 'the right MD5',
    ask: { ...put, headers: { 'content-md5': hashed('md5', body) } },
    expect: { status: 200 },
  },
  {
    name: 'the MD5 of other bytes',
    ask: { ...put, headers: { 'content-md5': hashed('md5', 'hallo') } },
    expect: { status: 400, code: 'BadDigest' },
    after: absent,
  },
  {
    name: 'an MD5 that is none',
    ask: { ...put, headers: { 'content-md5': 'hallo' } },
    expect: { status: 400, code: 'InvalidDigest' },
  },
  {
    name: 'chunks with a checksum behind them',
    ask: chunked([long, body], crc(long + body)),
    expect: { status: 200 },
    after: [
      {
        ask: { method: 'GET' },
        expect: { status: 200, body: long + body, headers: { 'content-encoding': undefined } },
      },
    ],
    differs: {
      at: 'versitygw',
      expect: { status: 200 },
      after: [{ ask: { method: 'GET' }, expect: { status: 200, body: long + body } }],
    },
  },
  {
    name: 'chunks with another checksum behind them',
    ask: chunked([long, body], crc(long)),
    expect: { status: 400, code: 'BadDigest' },
    after: absent,
  },
  {
    name: 'chunks of another length than was said',
    ask: {
      ...chunked([long], crc(long)),
      headers: { ...chunked([], '').headers, 'x-amz-decoded-content-length': '8193' },
    },
    expect: { status: 400, code: 'IncompleteBody' },
    after: absent,
  },
  {
    name: 'chunks that are too small',
    ask: chunked([body, body], crc(body + body)),
    expect: { status: 400, code: 'InvalidChunkSizeError' },
    after: absent,
  },
  {
    name: 'If-None-Match where nothing is',
    ask: { ...put, headers: { 'if-none-match': '*' } },
    expect: { status: 200 },
    after: [{ ask: { method: 'GET' }, expect: { status: 200, body } }],
  },
  {
    name: 'If-None-Match where something is',
    given: [put],
    ask: { ...put, body: 'other', headers: { 'if-none-match': '*' } },
    expect: { status: 412, code: 'PreconditionFailed' },
    after: [{ ask: { method: 'GET' }, expect: { status: 200, body } }],
  },
  {
    name: 'no length',
    ask: { ...put, altered: { headers: { 'content-length': '', 'transfer-encoding': 'chunked' } } },
    expect: { status: 501, code: 'NotImplemented' },
    differs: { at: 'versitygw', expect: { status: 411, code: 'MissingContentLength' } },
  },
];
