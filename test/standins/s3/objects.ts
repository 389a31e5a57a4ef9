import { selectRange } from '../registry/byte-range.ts';
import { type ArrivedRequest, parameter } from './arrived-request.ts';
import type { Bucket, StoredObject } from './bucket.ts';
import type { Checksum } from './checksum.ts';
import type { ReceivedBody } from './receive-body.ts';
import { emptyReply, type Reply } from './reply.ts';
import { S3Error } from './s3-error.ts';

/** The headers that stay with an object. */
const kept =
  /^(content-type|content-encoding|content-disposition|content-language|cache-control|expires|x-amz-meta-.+)$/;

/** PutObject: visible in one step, and only if the condition holds at its end. */
export function putObject(
  bucket: Bucket,
  key: string,
  request: ArrivedRequest,
  { bytes, md5, checksum }: ReceivedBody,
  now: number,
): Reply {
  const etag = `"${Buffer.from(md5, 'base64').toString('hex')}"`;
  const object = { key, bytes, etag, modified: now, headers: keptHeaders(request), checksum };
  publish(bucket, object, request);
  return emptyReply(200, { etag, ...checksumHeaders(checksum) });
}

/** Makes an object visible, unless `If-None-Match: *` forbids it. */
export function publish(bucket: Bucket, object: StoredObject, request: ArrivedRequest): void {
  checkCondition(bucket, object.key, request);
  bucket.objects.set(object.key, object);
}

/** Refuses a write whose condition does not hold; only `If-None-Match: *` is one here, as at S3. */
export function checkCondition(bucket: Bucket, key: string, { headers }: ArrivedRequest): void {
  if (headers.has('if-match')) throw new S3Error('NotImplemented', 'If-Match is not known here');
  const condition = headers.get('if-none-match');
  if (condition === undefined) return;
  if (condition !== '*') {
    throw new S3Error('NotImplemented', 'If-None-Match takes only * on a write');
  }
  if (bucket.objects.has(key)) {
    throw new S3Error(
      'PreconditionFailed',
      'At least one of the pre-conditions you specified did not hold',
    );
  }
}

/** The headers of a write that stay with its object. */
export function keptHeaders({ headers }: ArrivedRequest): Record<string, string> {
  const found: Record<string, string> = { 'content-type': 'binary/octet-stream' };
  for (const [name, value] of headers) {
    if (kept.test(name)) found[name] = value;
  }
  const encodings = found['content-encoding']
    ?.split(',')
    .map((one) => one.trim())
    .filter((one) => one !== 'aws-chunked');
  delete found['content-encoding'];
  if (encodings !== undefined && encodings.length > 0) {
    found['content-encoding'] = encodings.join(',');
  }
  return found;
}

/** GetObject and HeadObject. */
export function getObject(bucket: Bucket, key: string, request: ArrivedRequest): Reply {
  const object = bucket.objects.get(key);
  if (object === undefined) {
    throw new S3Error('NoSuchKey', 'The specified key does not exist.');
  }
  const { etag, bytes } = object;
  const headers: Record<string, string> = {
    ...object.headers,
    etag,
    'last-modified': new Date(object.modified).toUTCString(),
    'accept-ranges': 'bytes',
    ...overrides(request),
  };
  const ifMatch = request.headers.get('if-match');
  if (ifMatch !== undefined && ifMatch !== '*' && ifMatch !== etag) {
    throw new S3Error('PreconditionFailed', 'If-Match did not hold');
  }
  if (request.headers.get('if-none-match') === etag) return { status: 304, headers: { etag } };
  const range = selectRange(request.headers.get('range'), bytes.size);
  if (range.kind === 'unsatisfiable') {
    throw new S3Error('InvalidRange', 'The requested range is not satisfiable');
  }
  const [start, end] = range.kind === 'all' ? [0, bytes.size] : [range.start, range.end];
  if (range.kind === 'part') headers['content-range'] = `bytes ${start}-${end - 1}/${bytes.size}`;
  else if (request.headers.get('x-amz-checksum-mode')?.toUpperCase() === 'ENABLED') {
    Object.assign(headers, checksumHeaders(object.checksum));
  }
  headers['content-length'] = String(end - start);
  return {
    status: range.kind === 'part' ? 206 : 200,
    headers,
    body: request.method === 'HEAD' ? undefined : bytes.read(start, end),
  };
}

/** DeleteObject: 204 whether it was there or not. */
export function deleteObject(bucket: Bucket, key: string): Reply {
  const object = bucket.objects.get(key);
  bucket.objects.delete(key);
  // Readers that have the file open read on; a failure leaves a file in a folder that goes at the end.
  void object?.bytes.remove().catch(() => undefined);
  return emptyReply(204);
}

/** A checksum as headers. */
export function checksumHeaders(checksum: Checksum | undefined): Record<string, string> {
  return checksum === undefined ? {} : { [`x-amz-checksum-${checksum.algorithm}`]: checksum.value };
}

/** The headers that a signed URL may choose (GetObject, "Overriding response header values"). */
function overrides(request: ArrivedRequest): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of [
    'content-type',
    'content-language',
    'content-encoding',
    'content-disposition',
    'cache-control',
    'expires',
  ]) {
    const value = parameter(request, `response-${name}`);
    if (value !== undefined) found[name] = value;
  }
  return found;
}
