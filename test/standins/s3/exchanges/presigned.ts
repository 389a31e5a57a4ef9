import type { Ask, Exchange } from '../exchange.ts';

const put: Ask = { method: 'PUT', body: 'hello', headers: { 'content-type': 'text/x-stored' } };
const get: Ask = { method: 'GET', as: { kind: 'query' } };
const minute = 60_000;

/** Who may ask: Signature Version 4 in the query. */
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
    name: 'a presigned HEAD',
    given: [put],
    ask: { method: 'HEAD', as: { kind: 'query' } },
    expect: { status: 200, headers: { 'content-length': '5' } },
  },
  {
    name: 'a presigned GET that names the answer’s headers',
    given: [put],
    ask: {
      ...get,
      query: { 'response-content-type': 'a/b; c=d', 'response-cache-control': 'no-store' },
    },
    expect: {
      status: 200,
      body: 'hello',
      headers: { 'content-type': 'a/b; c=d', 'cache-control': 'no-store' },
    },
  },
  {
    name: 'a URL signed for another method',
    given: [put],
    ask: { method: 'DELETE', as: { kind: 'query' }, altered: { query: (query) => `${query}0` } },
    expect: { status: 403, code: 'SignatureDoesNotMatch' },
    after: [{ ask: get, expect: { status: 200 } }],
  },
  {
    name: 'a presigned GET with a parameter too many',
    given: [put],
    ask: { ...get, altered: { query: (query) => `${query}&response-content-type=a%2Fb` } },
    expect: { status: 403, code: 'SignatureDoesNotMatch' },
  },
  {
    name: 'a presigned GET of another key',
    given: [put],
    ask: { ...get, key: 'other', altered: { path: (path) => path.replace('other', 'object') } },
    expect: { status: 403, code: 'SignatureDoesNotMatch' },
  },
  {
    name: 'a presigned GET with a longer life than was signed',
    given: [put],
    ask: {
      ...get,
      altered: { query: (query) => query.replace('X-Amz-Expires=60', 'X-Amz-Expires=600') },
    },
    expect: { status: 403, code: 'SignatureDoesNotMatch' },
  },
  {
    name: 'a presigned GET that has expired',
    given: [put],
    ask: { ...get, as: { kind: 'query', ahead: -2 * minute, life: 60 } },
    expect: { status: 403, code: 'AccessDenied', body: /expired/i },
  },
  {
    name: 'a presigned GET that still lives',
    given: [put],
    ask: { ...get, as: { kind: 'query', ahead: -20 * minute, life: 1230 } },
    expect: { status: 200 },
  },
  {
    name: 'a presigned GET of tomorrow',
    given: [put],
    ask: { ...get, as: { kind: 'query', ahead: 20 * minute } },
    expect: { status: 403, code: 'AccessDenied' },
    differs: { at: 'versitygw', expect: { status: 200 } },
  },
  {
    name: 'a presigned GET with a life of more than a week',
    ask: {
      ...get,
      altered: { query: (query) => query.replace('X-Amz-Expires=60', 'X-Amz-Expires=604801') },
    },
    expect: { status: 400, code: 'AuthorizationQueryParametersError' },
  },
  {
    name: 'a presigned GET without a life',
    ask: { ...get, altered: { query: (query) => query.replace('&X-Amz-Expires=60', '') } },
    expect: { status: 400, code: 'AuthorizationQueryParametersError' },
  },
  {
    name: 'a presigned GET for another region',
    ask: { ...get, as: { kind: 'query', region: 'mars-north-1' } },
    expect: { status: 400, code: 'AuthorizationQueryParametersError' },
  },
  {
    name: 'a signature in the query and one in the headers',
    given: [put],
    ask: {
      ...get,
      altered: {
        headers: {
          authorization:
            'AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0',
        },
      },
    },
    expect: { status: 400, code: 'InvalidArgument' },
    differs: { at: 'versitygw', expect: { status: 200 } },
  },
];
