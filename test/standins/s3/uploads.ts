import { randomBytes } from 'node:crypto';
import { type ArrivedRequest, parameter } from './arrived-request.ts';
import type { Bucket, StoredPart, Upload } from './bucket.ts';
import { checksumAlgorithm } from './checksum.ts';
import { checksumHeaders, keptHeaders } from './objects.ts';
import type { ReceivedBody } from './receive-body.ts';
import { emptyReply, type Reply, xmlReply } from './reply.ts';
import { S3Error } from './s3-error.ts';

/** CreateMultipartUpload. */
export function createUpload(
  bucket: Bucket,
  key: string,
  request: ArrivedRequest,
  now: number,
): Reply {
  const name = request.headers.get('x-amz-checksum-algorithm');
  const algorithm = name === undefined ? undefined : checksumAlgorithm(name);
  const type = request.headers.get('x-amz-checksum-type') ?? 'COMPOSITE';
  if (type !== 'COMPOSITE') {
    throw new S3Error('NotImplemented', 'This server knows only COMPOSITE checksums of uploads');
  }
  const upload: Upload = {
    id: randomBytes(24).toString('base64url'),
    key,
    started: now,
    headers: keptHeaders(request),
    algorithm,
    parts: new Map(),
  };
  bucket.uploads.set(upload.id, upload);
  const { headers, ...reply } = xmlReply('InitiateMultipartUploadResult', [
    ['Bucket', bucket.name],
    ['Key', key],
    ['UploadId', upload.id],
  ]);
  if (algorithm === undefined) return { headers, ...reply };
  const chosen = {
    'x-amz-checksum-algorithm': algorithm.toUpperCase(),
    'x-amz-checksum-type': type,
  };
  return { ...reply, headers: { ...headers, ...chosen } };
}

/** The upload that a request names. */
export function uploadOf(bucket: Bucket, key: string, request: ArrivedRequest): Upload {
  const upload = bucket.uploads.get(parameter(request, 'uploadId') ?? '');
  if (upload !== undefined && upload.key === key) return upload;
  throw new S3Error(
    'NoSuchUpload',
    'The specified upload does not exist. It may have been aborted or completed.',
  );
}

/** The part that a request names, from 1 to 10 000. */
export function partNumber(request: ArrivedRequest): number {
  const text = parameter(request, 'partNumber') ?? '';
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= 10_000) return number;
  throw new S3Error(
    'InvalidArgument',
    'Part number must be an integer between 1 and 10000, inclusive',
  );
}

/** UploadPart: a later part of the same number takes the place of the earlier one. */
export function putPart(
  upload: Upload,
  number: number,
  { bytes, md5, checksum }: ReceivedBody,
): Reply {
  if (checksum?.algorithm !== upload.algorithm && upload.algorithm !== undefined) {
    throw new S3Error(
      'InvalidRequest',
      `Checksum Type mismatch occurred, expected checksum Type: ${upload.algorithm}, actual checksum Type: ${checksum?.algorithm ?? 'null'}`,
    );
  }
  const etag = `"${Buffer.from(md5, 'base64').toString('hex')}"`;
  const replaced = upload.parts.get(number);
  upload.parts.set(number, { number, bytes, etag, md5, checksum });
  void replaced?.bytes.remove().catch(() => undefined);
  return emptyReply(200, { etag, ...checksumHeaders(checksum) });
}

/** AbortMultipartUpload. */
export async function abortUpload(bucket: Bucket, upload: Upload): Promise<Reply> {
  bucket.uploads.delete(upload.id);
  for (const part of upload.parts.values()) await part.bytes.remove();
  return emptyReply(204);
}

/** The parts of an upload by number. */
export function partsInOrder(upload: Upload): StoredPart[] {
  return [...upload.parts.values()].sort((a, b) => a.number - b.number);
}
