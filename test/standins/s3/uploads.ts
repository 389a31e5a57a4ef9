import { randomBytes } from 'node:crypto';
import type { ArrivedRequest } from './arrived-request.ts';
import { type Body, checksumHeaders, compositeCrc } from './body.ts';
import { type Bucket, checkCondition, contentTypeOf, newEtag } from './objects.ts';
import { Refusal } from './refusal.ts';
import { type Element, elementsOf, type Reply, reply, textOf, xmlReply } from './reply.ts';

/** Every part but the last has at least this many bytes: 5 MiB. */
const leastPart = 5 * 2 ** 20;
const mostParts = 10_000;
const mostEntries = 1000;

/** A part of an upload. */
export interface Part extends Body {
  readonly number: number;
  readonly etag: string;
}

/** A multipart upload that is neither completed nor aborted. */
export interface Upload {
  readonly id: string;
  readonly key: string;
  readonly contentType: string;
  /** Whether each part has a CRC-32. */
  readonly hasCrc: boolean;
  readonly parts: Map<number, Part>;
}

/** CreateMultipartUpload. */
export function createUpload(bucket: Bucket, key: string, request: ArrivedRequest): Reply {
  const algorithm = request.headers.get('x-amz-checksum-algorithm');
  if (algorithm !== undefined && algorithm !== 'CRC32') {
    throw new Refusal('NotImplemented', `Uploads with ${algorithm} are not known here`);
  }
  const id = randomBytes(24).toString('base64url');
  const contentType = contentTypeOf(request);
  const hasCrc = algorithm !== undefined;
  bucket.uploads.set(id, { id, key, contentType, hasCrc, parts: new Map() });
  return xmlReply('InitiateMultipartUploadResult', [
    ['Bucket', bucket.name],
    ['Key', key],
    ['UploadId', id],
  ]);
}

/** The upload that a request names. Throws a Refusal. */
export function uploadOf(bucket: Bucket, key: string, { query }: ArrivedRequest): Upload {
  const upload = bucket.uploads.get(query.get('uploadId') ?? '');
  if (upload?.key === key) return upload;
  throw new Refusal('NoSuchUpload', 'The specified upload does not exist.');
}

/** The part that a request names, from 1 to 10,000. Throws a Refusal. */
export function partNumber({ query }: ArrivedRequest): number {
  const number = Number(query.get('partNumber'));
  if (Number.isInteger(number) && number >= 1 && number <= mostParts) return number;
  throw new Refusal('InvalidArgument', 'Part number must be an integer between 1 and 10000');
}

/** UploadPart: a later part of the same number replaces the earlier one. */
export function putPart(upload: Upload, number: number, body: Body): Reply {
  if (upload.hasCrc && body.checksum?.algorithm !== 'crc32') {
    throw new Refusal('InvalidRequest', 'Checksum Type mismatch occurred, expected crc32');
  }
  const etag = newEtag();
  upload.parts.set(number, { ...body, number, etag });
  return reply(200, { etag, ...checksumHeaders(body.checksum) });
}

/** CompleteMultipartUpload: the parts that the client lists become one object, or all stays. */
export function completeUpload(
  bucket: Bucket,
  upload: Upload,
  request: ArrivedRequest,
  xml: string,
  modified: number,
): Reply {
  checkCondition(bucket, upload.key, request);
  const parts = listedParts(upload, xml);
  const kept = parts.flatMap(({ bytes }) => bytes ?? []);
  const sums = parts.flatMap(({ checksum }) => checksum?.value ?? []);
  const object = {
    size: parts.reduce((sum, { size }) => sum + size, 0),
    bytes: kept.length === parts.length ? Buffer.concat(kept) : undefined,
    checksum: upload.hasCrc
      ? ({ algorithm: 'crc32', value: `${compositeCrc(sums)}-${parts.length}` } as const)
      : undefined,
    etag: `${newEtag().slice(0, -1)}-${parts.length}"`,
    modified,
    contentType: upload.contentType,
  };
  bucket.objects.set(upload.key, object);
  bucket.uploads.delete(upload.id);
  return xmlReply('CompleteMultipartUploadResult', [
    ['Bucket', bucket.name],
    ['Key', upload.key],
    ['ETag', object.etag],
    object.checksum && ['ChecksumCRC32', object.checksum.value],
  ]);
}

/** AbortMultipartUpload. */
export function abortUpload(bucket: Bucket, upload: Upload): Reply {
  bucket.uploads.delete(upload.id);
  return { status: 204, headers: {} };
}

/** ListParts. */
export function listParts({ id, key, parts }: Upload, { query }: ArrivedRequest): Reply {
  const after = Number(query.get('part-number-marker') ?? 0);
  const limit = Math.min(Number(query.get('max-parts') ?? mostEntries), mostEntries);
  const rest = [...parts.values()]
    .filter(({ number }) => number > after)
    .sort((one, other) => one.number - other.number);
  const page = rest.slice(0, limit);
  return xmlReply('ListPartsResult', [
    ['Key', key],
    ['UploadId', id],
    ['PartNumberMarker', after],
    ['NextPartNumberMarker', page.at(-1)?.number ?? 0],
    ['IsTruncated', String(rest.length > page.length)],
    ...page.map(
      ({ number, etag, size, checksum }): Element => [
        'Part',
        [
          ['PartNumber', number],
          ['ETag', etag],
          ['Size', size],
          checksum && ['ChecksumCRC32', checksum.value],
        ],
      ],
    ),
  ]);
}

function listedParts(upload: Upload, xml: string): Part[] {
  const listed = elementsOf(xml, 'Part');
  if (listed.length === 0) throw new Refusal('MalformedXML', 'The XML was not well-formed.');
  const parts = listed.map((part) => listedPart(upload, part));
  if (parts.some(({ number }, at) => number <= (parts[at - 1]?.number ?? 0))) {
    throw new Refusal('InvalidPartOrder', 'The list of parts was not in ascending order.');
  }
  if (parts.slice(0, -1).some(({ size }) => size < leastPart)) {
    throw new Refusal('EntityTooSmall', 'A part is smaller than the minimum allowed size');
  }
  return parts;
}

function listedPart({ parts, hasCrc }: Upload, xml: string): Part {
  const found = parts.get(Number(textOf(xml, 'PartNumber')));
  if (found === undefined || found.etag !== textOf(xml, 'ETag')) {
    throw new Refusal('InvalidPart', 'One or more of the specified parts could not be found.');
  }
  const checksum = textOf(xml, 'ChecksumCRC32');
  if (hasCrc && checksum === undefined) {
    throw new Refusal('InvalidRequest', 'The request must include the checksum of each part.');
  }
  if (hasCrc && checksum !== found.checksum?.value) {
    throw new Refusal('InvalidPart', 'The checksum of a part is another one.');
  }
  return found;
}
