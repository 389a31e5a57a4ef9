import type { Ask, Exchange } from '../exchange.ts';

const put: Ask = { method: 'PUT', body: 'hello' };
const get: Ask = { method: 'GET' };
const quarter = 15 * 60_000;

/** Who may ask: Signature Version 4 in the headers. */
export const signing: readonly Exchange[] = [
  {
    name: 'a signed GET',
    given: [put],
    ask: get,
    expect: { status: 200, body: 'hello' },
  },
  {
    name: 'a key with all kinds of characters',
    given: [{ ...put, key: "a b+c~(1)*!'ü=&$@:,;/d" }],
    ask: { ...get, key: "a b+c~(1)*!'ü=&$@:,;/d" },
    expect: { status: 200, body: 'hello' },
  },
  {
    name: 'another secret',
    ask: { ...get, as: { kind: 'header', secretAccessKey: 'another' } },
    expect: { status: 403, code: 'SignatureDoesNotMatch' },
  },
  {
    name: 'an account that nobody knows',
    ask: { ...get, as: { kind: 'header', accessKeyId: 'AKIANOBODY' } },
    expect: { status: 403, code: 'InvalidAccessKeyId' },
  },
  {
    name: 'another region',
    ask: { ...get, as: { kind: 'header', region: 'mars-north-1' } },
    expect: { status: 400, code: 'AuthorizationHeaderMalformed' },
  },
  {
    name: 'a clock that is behind',
    ask: { ...get, as: { kind: 'header', ahead: -quarter - 60_000 } },
    expect: { status: 403, code: 'RequestTimeTooSkewed' },
  },
  {
    name: 'a clock that is ahead',
    ask: { ...get, as: { kind: 'header', ahead: quarter + 60_000 } },
    expect: { status: 403, code: 'RequestTimeTooSkewed' },
  },
  {
    name: 'a clock that is a little ahead',
    given: [put],
    ask: { ...get, as: { kind: 'header', ahead: quarter - 60_000 } },
    expect: { status: 200 },
  },
  {
    name: 'nobody',
    given: [put],
    ask: { ...get, as: { kind: 'nobody' } },
    expect: { status: 403, code: 'AccessDenied' },
  },
  {
    name: 'a header changed after signing',
    ask: {
      ...put,
      headers: { 'x-amz-meta-a': 'one' },
      altered: { headers: { 'x-amz-meta-a': 'two' } },
    },
    expect: { status: 403, code: 'SignatureDoesNotMatch' },
    after: [{ ask: get, expect: { status: 404, code: 'NoSuchKey' } }],
  },
  {
    name: 'a header added after signing',
    ask: { ...put, altered: { headers: { 'x-amz-meta-a': 'one' } } },
    expect: { status: 403, code: 'AccessDenied' },
  },
  {
    name: 'a query changed after signing',
    given: [put],
    ask: {
      ...get,
      query: { 'response-content-type': 'text/plain' },
      altered: { query: (query) => query.replace('plain', 'html') },
    },
    expect: { status: 403, code: 'SignatureDoesNotMatch' },
  },
  {
    name: 'another key than the signed one',
    given: [put],
    ask: { ...get, key: 'other', altered: { path: (path) => path.replace('other', 'object') } },
    expect: { status: 403, code: 'SignatureDoesNotMatch' },
  },
  {
    name: 'no hash of the body',
    ask: { ...get, altered: { headers: { 'x-amz-content-sha256': '' } } },
    expect: { status: 400, code: 'InvalidRequest' },
  },
];
