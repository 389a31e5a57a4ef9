import { createHash } from 'node:crypto';
import type { Ask, Exchange, Expected } from '../exchange.ts';

const body = 'hello';
const put: Ask = { method: 'PUT', body };
const get: Ask = { method: 'GET' };
const sum = sha256(body);
const ofOther = { 'x-amz-checksum-sha256': sha256('hallo') };
const kept = [{ ask: get, expect: { status: 200, body } }];
const absent = [{ ask: get, expect: { status: 404, code: 'NoSuchKey' } }];

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}

function range(name: string, header: string, expected: Expected): Exchange {
  return { name, given: [put], ask: { ...get, headers: { range: header } }, expect: expected };
}

const last3 = { status: 206, body: 'llo', headers: { 'content-range': 'bytes 2-4/5' } };

/** GetObject and HeadObject, PutObject, DeleteObject, and the list. */
export const objects: readonly Exchange[] = [
  {
    name: 'an object that is not there',
    ask: get,
    expect: { status: 404, code: 'NoSuchKey', headers: { 'content-type': /^application\/xml/ } },
  },
  {
    name: 'HEAD of an object that is not there',
    ask: { method: 'HEAD' },
    expect: { status: 404, body: '' },
  },
  {
    name: 'HEAD',
    given: [{ ...put, headers: { 'content-type': 'text/x-stored' } }],
    ask: { method: 'HEAD' },
    expect: {
      status: 200,
      body: '',
      headers: {
        'content-length': '5',
        'content-type': 'text/x-stored',
        etag: /^"[0-9a-f]{32}"$/,
        'last-modified': / GMT$/,
      },
    },
  },
  range('a range to the end', 'bytes=2-', last3),
  range('a range past the end', 'bytes=2-99', last3),
  range('the last bytes', 'bytes=-3', last3),
  range('a range that begins past the end', 'bytes=5-', { status: 416, code: 'InvalidRange' }),
  range('several ranges', 'bytes=0-0,2-2', { status: 200, body }),
  {
    name: 'a bucket that is not there',
    ask: { ...get, bucket: 'pullfront-nobody-has-this' },
    expect: { status: 404, code: 'NoSuchBucket' },
  },
  {
    name: 'PUT of nothing',
    ask: { method: 'PUT', body: '' },
    expect: { status: 200 },
    after: [{ ask: get, expect: { status: 200, body: '', headers: { 'content-length': '0' } } }],
  },
  {
    name: 'PUT of a body whose hash was not signed',
    ask: { ...put, headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } },
    expect: { status: 200 },
    after: kept,
  },
  {
    name: 'PUT of another body than the signed one',
    ask: { ...put, headers: { 'x-amz-content-sha256': '0'.repeat(64) } },
    expect: { status: 400, code: 'XAmzContentSHA256Mismatch' },
    after: absent,
  },
  {
    name: 'PUT with the right SHA-256',
    ask: { ...put, headers: { 'x-amz-checksum-sha256': sum } },
    expect: { status: 200, headers: { 'x-amz-checksum-sha256': sum } },
    after: kept,
  },
  {
    name: 'PUT with the SHA-256 of other bytes',
    ask: { ...put, headers: { ...ofOther, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } },
    expect: { status: 400, code: 'BadDigest' },
    after: absent,
  },
  {
    name: 'PUT with the SHA-256 of other bytes where something is',
    given: [put],
    ask: { ...put, body: 'other', headers: ofOther },
    expect: { status: 400, code: 'BadDigest' },
    after: kept,
  },
  {
    name: 'PUT with a SHA-256 that is none',
    ask: { ...put, headers: { 'x-amz-checksum-sha256': 'aGVsbG8=' } },
    expect: { status: 400, code: 'InvalidRequest' },
    after: absent,
  },
  {
    name: 'If-None-Match where nothing is',
    ask: { ...put, headers: { 'if-none-match': '*' } },
    expect: { status: 200 },
    after: kept,
  },
  {
    name: 'If-None-Match where something is',
    given: [put],
    ask: { ...put, body: 'other', headers: { 'if-none-match': '*' } },
    expect: { status: 412, code: 'PreconditionFailed' },
    after: kept,
  },
  {
    name: 'PUT without a length',
    ask: { ...put, altered: { headers: { 'content-length': '', 'transfer-encoding': 'chunked' } } },
    expect: { status: 501, code: 'NotImplemented' },
    differs: { at: 'versitygw', expect: { status: 411, code: 'MissingContentLength' } },
  },
  {
    name: 'DELETE of what is there',
    given: [put],
    ask: { method: 'DELETE' },
    expect: { status: 204, body: '' },
    after: absent,
  },
  {
    name: 'DELETE of what is not there',
    ask: { method: 'DELETE' },
    expect: { status: 204, body: '' },
  },
  {
    name: 'the list, page by page',
    given: ['b', 'a', 'c'].map((key) => ({ ...put, key })),
    ask: { ...get, key: '', query: { 'list-type': '2', prefix: '{prefix}/', 'max-keys': '2' } },
    expect: {
      status: 200,
      body: /^(?=[\s\S]*<KeyCount>2<\/KeyCount>)[\s\S]*<IsTruncated>true<\/IsTruncated>/,
    },
    after: [
      {
        ask: {
          ...get,
          key: '',
          query: { 'list-type': '2', prefix: '{prefix}/', 'start-after': '{prefix}/b' },
        },
        expect: {
          status: 200,
          body: /^(?![\s\S]*\/b<\/Key>)[\s\S]*\/c<\/Key>[\s\S]*<Size>5<\/Size>/,
        },
      },
    ],
  },
];
