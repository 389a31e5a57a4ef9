import type { ArrivedRequest } from './arrived-request.ts';
import type { Bucket, StoredObject, StoredPart, Upload } from './bucket.ts';
import { type Checksum, compositeChecksum } from './checksum.ts';
import { joinedBytes } from './kept-bytes.ts';
import { checkCondition, publish } from './objects.ts';
import { type Reply, xmlReply } from './reply.ts';
import { S3Error } from './s3-error.ts';
import { elementsOf, textOf } from './xml.ts';

/** Every part but the last holds at least so many bytes: 5 MiB. */
const leastPart = 5 * 2 ** 20;
const mostParts = 10_000;

/** CompleteMultipartUpload: the parts that the client lists become one object, or all stays. */
export function completeUpload(
  bucket: Bucket,
  upload: Upload,
  request: ArrivedRequest,
  xml: string,
  now: number,
): Reply {
  checkCondition(bucket, upload.key, request);
  const parts = listedParts(upload, xml);
  const bytes = joinedBytes(parts.map((part) => part.bytes));
  const stated = request.headers.get('x-amz-mp-object-size');
  if (stated !== undefined && Number(stated) !== bytes.size) {
    throw new S3Error(
      'InvalidRequest',
      `The provided 'x-amz-mp-object-size' header does not match what was computed.`,
    );
  }
  const md5 = Buffer.from(
    compositeChecksum(
      'md5',
      parts.map((part) => part.md5),
    ),
    'base64',
  );
  const object: StoredObject = {
    key: upload.key,
    bytes,
    etag: `"${md5.toString('hex')}-${parts.length}"`,
    modified: now,
    headers: upload.headers,
    checksum: checksumOf(upload, parts),
  };
  publish(bucket, object, request);
  bucket.uploads.delete(upload.id);
  forgetUnlisted(upload, parts);
  return xmlReply('CompleteMultipartUploadResult', [
    ['Bucket', bucket.name],
    ['Key', upload.key],
    ['ETag', object.etag],
    object.checksum && [
      `Checksum${object.checksum.algorithm.toUpperCase()}`,
      object.checksum.value,
    ],
  ]);
}

function listedParts(upload: Upload, xml: string): StoredPart[] {
  const listed = elementsOf(xml, 'Part');
  if (!xml.includes('<CompleteMultipartUpload') || listed.length === 0) {
    throw malformed();
  }
  if (listed.length > mostParts) throw malformed();
  let before = 0;
  const parts = listed.map((part) => {
    const number = Number(textOf(part, 'PartNumber'));
    if (!Number.isInteger(number)) throw malformed();
    if (number <= before) {
      throw new S3Error('InvalidPartOrder', 'The list of parts was not in ascending order.');
    }
    before = number;
    return listedPart(upload, number, part);
  });
  for (const { bytes } of parts.slice(0, -1)) {
    if (bytes.size < leastPart) {
      throw new S3Error(
        'EntityTooSmall',
        'Your proposed upload is smaller than the minimum allowed size',
      );
    }
  }
  return parts;
}

function listedPart(upload: Upload, number: number, xml: string): StoredPart {
  const found = upload.parts.get(number);
  const etag = textOf(xml, 'ETag')?.replaceAll('"', '');
  if (found === undefined || found.etag.replaceAll('"', '') !== etag) {
    throw new S3Error('InvalidPart', 'One or more of the specified parts could not be found.');
  }
  const { algorithm } = upload;
  if (algorithm === undefined) return found;
  const checksum = textOf(xml, `Checksum${algorithm.toUpperCase()}`);
  if (checksum === undefined) {
    throw new S3Error(
      'InvalidRequest',
      `The upload was created using a ${algorithm} checksum. The complete request must include the checksum for each part. It was missing for part ${number} in the request.`,
    );
  }
  if (checksum !== found.checksum?.value) {
    throw new S3Error('InvalidPart', 'The checksum of a part is not the one it was uploaded with.');
  }
  return found;
}

function checksumOf({ algorithm }: Upload, parts: readonly StoredPart[]): Checksum | undefined {
  if (algorithm === undefined) return undefined;
  const values = parts.map(({ checksum }) => checksum?.value ?? '');
  return { algorithm, value: `${compositeChecksum(algorithm, values)}-${parts.length}` };
}

/** Parts that were uploaded and not listed are gone with the upload. */
function forgetUnlisted(upload: Upload, listed: readonly StoredPart[]): void {
  for (const part of upload.parts.values()) {
    if (!listed.includes(part)) void part.bytes.remove().catch(() => undefined);
  }
}

function malformed(): S3Error {
  return new S3Error('MalformedXML', 'The XML you provided was not well-formed.');
}
