import type { IncomingMessage } from 'node:http';
import { Refusal } from './refusal.ts';

/** A request as it arrived. */
export interface ArrivedRequest {
  readonly method: string;
  /** Decoded; a key may hold `//` and `..`, which `URL` would repair. */
  readonly path: string;
  /** Decoded. */
  readonly query: ReadonlyMap<string, string>;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
}

/** The operations that this server has, by their names in the API reference. */
export type Operation =
  | 'ListObjectsV2'
  | 'GetObject'
  | 'HeadObject'
  | 'PutObject'
  | 'DeleteObject'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'ListParts';

/** Where a request goes; the key is empty for an operation of the bucket. */
export interface Target {
  readonly bucket: string;
  readonly key: string;
}

/** Reads the request line and the headers. */
export function arrive({ method = '', url = '', headers }: IncomingMessage): ArrivedRequest {
  const [path = '', query = ''] = url.split('?');
  const pairs = query.split('&').filter((pair) => pair !== '');
  return {
    method,
    path: decodeURIComponent(path),
    query: new Map(
      pairs.map((pair) => {
        const [name = '', ...value] = pair.split('=');
        return [decodeURIComponent(name), decodeURIComponent(value.join('='))];
      }),
    ),
    headers: new Map(Object.entries(headers).map(([name, value]) => [name, String(value)])),
  };
}

/** The bucket and the key of a path-style request. */
export function targetOf({ path }: ArrivedRequest): Target {
  const [, bucket = '', ...key] = path.split('/');
  return { bucket, key: key.join('/') };
}

/** The operation that a request asks for. Throws a Refusal where this server has none. */
export function operationOf({ method, query }: ArrivedRequest, { key }: Target): Operation {
  const inUpload = query.has('uploadId');
  if (key === '' && method === 'GET' && query.get('list-type') === '2') return 'ListObjectsV2';
  if (key !== '') {
    if (method === 'GET') return inUpload ? 'ListParts' : 'GetObject';
    if (method === 'HEAD') return 'HeadObject';
    if (method === 'PUT') return inUpload ? 'UploadPart' : 'PutObject';
    if (method === 'DELETE') return inUpload ? 'AbortMultipartUpload' : 'DeleteObject';
    if (method === 'POST' && query.has('uploads')) return 'CreateMultipartUpload';
    if (method === 'POST' && inUpload) return 'CompleteMultipartUpload';
  }
  throw new Refusal('NotImplemented', `${method} ${key} is not implemented here`);
}
