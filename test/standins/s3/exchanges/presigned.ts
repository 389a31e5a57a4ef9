import type { Ask, Exchange } from '../exchange.ts';

const put: Ask = { method: 'PUT', body: 'hello', headers: { 'content-type': 'text/x-stored' } };
const get: Ask = { method: 'GET', as: { kind: 'query' } };
const minute = 60_000;

/** A presigned GET of the object, altered, and the error that it gets. */
function refused(
  name: string,
  altered: NonNullable<Ask['altered']>,
  status: number,
  code: string,
): Exchange {
  return { name, given: [put], ask: { ...get, altered }, expect: { status, code } };
}

/** Signature Version 4 in the query. */
export const presigned: readonly Exchange[] = [
  {
    name: 'a presigned GET',
    given: [put],
    ask: get,
    expect: {
      status: 200,
      body: 'hello',
      headers: { 'content-type': 'text/x-stored', 'content-length': '5', 'accept-ranges': 'bytes' },
    },
  },
  {
    name: 'a presigned GET of a range',
    given: [put],
    ask: { ...get, headers: { range: 'bytes=1-3' } },
    expect: { status: 206, body: 'ell', headers: { 'content-range': 'bytes 1-3/5' } },
  },
  {
    name: 'a URL signed for another method',
    ask: { method: 'DELETE', as: { kind: 'query' }, altered: { query: (query) => `${query}0` } },
    expect: { status: 403, code: 'SignatureDoesNotMatch' },
  },
  refused(
    'a parameter too many',
    { query: (query) => `${query}&x-id=GetObject` },
    403,
    'SignatureDoesNotMatch',
  ),
  refused(
    'another key',
    { path: (path) => path.replace('object', 'other') },
    403,
    'SignatureDoesNotMatch',
  ),
  refused(
    'a longer life than was signed',
    { query: (query) => query.replace('X-Amz-Expires=60', 'X-Amz-Expires=600') },
    403,
    'SignatureDoesNotMatch',
  ),
  refused(
    'a life of more than a week',
    { query: (query) => query.replace('X-Amz-Expires=60', 'X-Amz-Expires=604801') },
    400,
    'AuthorizationQueryParametersError',
  ),
  refused(
    'no life',
    { query: (query) => query.replace('&X-Amz-Expires=60', '') },
    400,
    'AuthorizationQueryParametersError',
  ),
  {
    name: 'a life that is over',
    given: [put],
    ask: { ...get, as: { kind: 'query', ahead: -2 * minute, life: 60 } },
    expect: { status: 403, code: 'AccessDenied', body: /expired/i },
  },
  {
    name: 'a long life that is not over',
    given: [put],
    ask: { ...get, as: { kind: 'query', ahead: -20 * minute, life: 1230 } },
    expect: { status: 200 },
  },
  {
    name: 'a date in the future',
    given: [put],
    ask: { ...get, as: { kind: 'query', ahead: 20 * minute } },
    expect: { status: 403, code: 'AccessDenied' },
    differs: { at: 'versitygw', expect: { status: 200 } },
  },
  {
    name: 'another region',
    ask: { ...get, as: { kind: 'query', region: 'mars-north-1' } },
    expect: { status: 400, code: 'AuthorizationQueryParametersError' },
  },
];
