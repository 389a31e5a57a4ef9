import type { Ask, Exchange } from '../exchange.ts';

const put: Ask = { method: 'PUT', body: 'hello', headers: { 'content-type': 'text/x-stored' } };
const get: Ask = { method: 'GET' };

/** GetObject, HeadObject, DeleteObject and the lists. */
export const reading: readonly Exchange[] = [
  {
    name: 'an object that is not there',
    ask: get,
    expect: {
      status: 404,
      code: 'NoSuchKey',
      headers: { 'content-type': /^application\/xml/ },
    },
  },
  {
    name: 'HEAD of an object that is not there',
    ask: { method: 'HEAD' },
    expect: { status: 404, body: '' },
  },
  {
    name: 'HEAD',
    given: [put],
    ask: { method: 'HEAD' },
    expect: {
      status: 200,
      body: '',
      headers: {
        'content-length': '5',
        'content-type': 'text/x-stored',
        etag: '"5d41402abc4b2a76b9719d911017c592"',
        'last-modified': / GMT$/,
      },
    },
  },
  {
    name: 'a range to the end',
    given: [put],
    ask: { ...get, headers: { range: 'bytes=2-' } },
    expect: { status: 206, body: 'llo', headers: { 'content-range': 'bytes 2-4/5' } },
  },
  {
    name: 'a range past the end',
    given: [put],
    ask: { ...get, headers: { range: 'bytes=2-99' } },
    expect: { status: 206, body: 'llo', headers: { 'content-range': 'bytes 2-4/5' } },
  },
  {
    name: 'the last bytes',
    given: [put],
    ask: { ...get, headers: { range: 'bytes=-2' } },
    expect: { status: 206, body: 'lo', headers: { 'content-range': 'bytes 3-4/5' } },
  },
  {
    name: 'a range that begins past the end',
    given: [put],
    ask: { ...get, headers: { range: 'bytes=5-' } },
    expect: { status: 416, code: 'InvalidRange' },
  },
  {
    name: 'several ranges',
    given: [put],
    ask: { ...get, headers: { range: 'bytes=0-0,2-2' } },
    expect: { status: 200, body: 'hello' },
  },
  {
    name: 'a range in other units',
    given: [put],
    ask: { ...get, headers: { range: 'lines=0-0' } },
    expect: { status: 200, body: 'hello' },
  },
  {
    name: 'an object that did not change',
    given: [put],
    ask: { ...get, headers: { 'if-none-match': '"5d41402abc4b2a76b9719d911017c592"' } },
    expect: { status: 304, body: '' },
  },
  {
    name: 'a bucket that is not there',
    ask: { ...get, bucket: 'pullfront-nobody-has-this' },
    expect: { status: 404, code: 'NoSuchBucket' },
  },
  {
    name: 'deleting what is there',
    given: [put],
    ask: { method: 'DELETE' },
    expect: { status: 204, body: '' },
    after: [{ ask: get, expect: { status: 404, code: 'NoSuchKey' } }],
  },
  {
    name: 'deleting what is not there',
    ask: { method: 'DELETE' },
    expect: { status: 204, body: '' },
  },
  {
    name: 'a list, page by page',
    given: [
      { ...put, key: 'b' },
      { ...put, key: 'a' },
      { ...put, key: 'c' },
    ],
    ask: {
      ...get,
      key: '',
      query: { 'list-type': '2', prefix: '{prefix}/', 'max-keys': '2' },
    },
    expect: {
      status: 200,
      body: /<KeyCount>2<\/KeyCount>[\s\S]*<IsTruncated>true<\/IsTruncated>|<IsTruncated>true<\/IsTruncated>[\s\S]*<KeyCount>2<\/KeyCount>/,
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
