import { randomBytes } from 'node:crypto';
import { selectRange } from '../registry/byte-range.ts';
import type { ArrivedRequest } from './arrived-request.ts';
import { type Body, type Checksum, checksumHeaders } from './body.ts';
import { Refusal } from './refusal.ts';
import { type Element, type Reply, reply, xmlReply } from './reply.ts';
import type { Upload } from './uploads.ts';

/** An object that is visible. */
export interface StoredObject extends Omit<Body, 'checksum'> {
  /** With its quotation marks. */
  readonly etag: string;
  /** In ms since 1970. */
  readonly modified: number;
  readonly contentType: string;
  readonly checksum: Checksum | undefined;
}

/** What the bucket holds. Tests may look into it and take things away. */
export interface Bucket {
  readonly name: string;
  readonly objects: Map<string, StoredObject>;
  readonly uploads: Map<string, Upload>;
}

/** The most entries of one page. */
const mostEntries = 1000;

/** An ETag, which says nothing of the bytes: clients must not rely on an MD5. */
export function newEtag(): string {
  return `"${randomBytes(16).toString('hex')}"`;
}

/** The media type that stays with an object. */
export function contentTypeOf({ headers }: ArrivedRequest): string {
  return headers.get('content-type') ?? 'binary/octet-stream';
}

/** PutObject: visible in one step, and only if the condition holds when the body is here. */
export function putObject(
  bucket: Bucket,
  key: string,
  request: ArrivedRequest,
  body: Body,
  modified: number,
): Reply {
  checkCondition(bucket, key, request);
  const etag = newEtag();
  bucket.objects.set(key, { ...body, etag, modified, contentType: contentTypeOf(request) });
  return reply(200, { etag, ...checksumHeaders(body.checksum) });
}

/** Refuses a write of `If-None-Match: *` where an object is. */
export function checkCondition(bucket: Bucket, key: string, { headers }: ArrivedRequest): void {
  if (headers.get('if-none-match') !== '*' || !bucket.objects.has(key)) return;
  throw new Refusal('PreconditionFailed', 'One of the pre-conditions did not hold');
}

/** GetObject and HeadObject. */
export function getObject(bucket: Bucket, key: string, request: ArrivedRequest): Reply {
  const object = bucket.objects.get(key);
  if (object === undefined) throw new Refusal('NoSuchKey', 'The specified key does not exist.');
  const { bytes, size } = object;
  const range = selectRange(request.headers.get('range'), size);
  if (range.kind === 'unsatisfiable') {
    throw new Refusal('InvalidRange', 'The requested range is not satisfiable');
  }
  const [start, end] = range.kind === 'all' ? [0, size] : [range.start, range.end];
  if (bytes === undefined && request.method === 'GET') {
    throw new Refusal('InternalError', 'The bytes were not kept');
  }
  return {
    status: range.kind === 'part' ? 206 : 200,
    headers: {
      etag: object.etag,
      'content-type': object.contentType,
      'last-modified': new Date(object.modified).toUTCString(),
      'accept-ranges': 'bytes',
      'content-length': String(end - start),
      ...(range.kind === 'part' && { 'content-range': `bytes ${start}-${end - 1}/${size}` }),
    },
    body: bytes?.subarray(start, end),
  };
}

/** DeleteObject: 204 whether it was there or not. */
export function deleteObject(bucket: Bucket, key: string): Reply {
  bucket.objects.delete(key);
  return { status: 204, headers: {} };
}

/** ListObjectsV2: keys in the order of their UTF-8 bytes. A token is the last key of a page. */
export function listObjects({ name, objects }: Bucket, { query }: ArrivedRequest): Reply {
  const prefix = query.get('prefix') ?? '';
  const after = query.get('continuation-token') ?? query.get('start-after') ?? '';
  const limit = Math.min(Number(query.get('max-keys') ?? mostEntries), mostEntries);
  const found = [...objects]
    .filter(([key]) => key.startsWith(prefix) && byBytes(after, key) < 0)
    .sort(([one], [other]) => byBytes(one, other));
  const page = found.slice(0, limit);
  const last = page.at(-1)?.[0];
  const isTruncated = found.length > page.length;
  return xmlReply('ListBucketResult', [
    ['Name', name],
    ['Prefix', prefix],
    ['KeyCount', page.length],
    ['MaxKeys', limit],
    ['IsTruncated', String(isTruncated)],
    isTruncated && last !== undefined ? ['NextContinuationToken', last] : undefined,
    ...page.map(
      ([key, { modified, etag, size }]): Element => [
        'Contents',
        [
          ['Key', key],
          ['LastModified', new Date(modified).toISOString()],
          ['ETag', etag],
          ['Size', size],
        ],
      ],
    ),
  ]);
}

function byBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
