import type { Ask, Exchange } from '../exchange.ts';

const put: Ask = { method: 'PUT', body: 'hello' };
const get: Ask = { method: 'GET' };
const quarter = 15 * 60_000;

/** A request after a PUT of the object, and the error that it gets. */
function refused(name: string, ask: Ask, status: number, code: string): Exchange {
  return { name, given: [put], ask, expect: { status, code } };
}

/** Signature Version 4 in the headers. */
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
  refused(
    'another secret',
    { ...get, as: { kind: 'header', secretAccessKey: 'another' } },
    403,
    'SignatureDoesNotMatch',
  ),
  refused(
    'an unknown account',
    { ...get, as: { kind: 'header', accessKeyId: 'AKIANOBODY' } },
    403,
    'InvalidAccessKeyId',
  ),
  refused(
    'another region',
    { ...get, as: { kind: 'header', region: 'mars-north-1' } },
    400,
    'AuthorizationHeaderMalformed',
  ),
  refused(
    'a clock that is behind',
    { ...get, as: { kind: 'header', ahead: -quarter - 60_000 } },
    403,
    'RequestTimeTooSkewed',
  ),
  refused(
    'a clock that is ahead',
    { ...get, as: { kind: 'header', ahead: quarter + 60_000 } },
    403,
    'RequestTimeTooSkewed',
  ),
  {
    name: 'a clock that is a little ahead',
    given: [put],
    ask: { ...get, as: { kind: 'header', ahead: quarter - 60_000 } },
    expect: { status: 200 },
  },
  refused('no signature', { ...get, as: { kind: 'unsigned' } }, 403, 'AccessDenied'),
  refused(
    'a header changed after signing',
    {
      ...put,
      headers: { 'x-amz-meta-a': 'one' },
      altered: { headers: { 'x-amz-meta-a': 'two' } },
    },
    403,
    'SignatureDoesNotMatch',
  ),
  refused(
    'a header added after signing',
    { ...put, altered: { headers: { 'x-amz-meta-a': 'one' } } },
    403,
    'AccessDenied',
  ),
  refused(
    'a query changed after signing',
    {
      ...get,
      query: { 'x-id': 'GetObject' },
      altered: { query: (query) => query.replace('Get', 'Put') },
    },
    403,
    'SignatureDoesNotMatch',
  ),
  refused(
    'another key than the signed one',
    { ...get, key: 'other', altered: { path: (path) => path.replace('other', 'object') } },
    403,
    'SignatureDoesNotMatch',
  ),
  refused(
    'no hash of the body',
    { ...get, altered: { headers: { 'x-amz-content-sha256': '' } } },
    400,
    'InvalidRequest',
  ),
];
