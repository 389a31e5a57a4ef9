import { type ArrivedRequest, numberParameter, parameter } from './arrived-request.ts';
import type { Bucket, Upload } from './bucket.ts';
import { type Reply, xmlReply } from './reply.ts';
import { S3Error } from './s3-error.ts';
import { partsInOrder } from './uploads.ts';
import type { Child } from './xml.ts';

/** The most entries of one page. */
const mostEntries = 1000;

/** ListObjectsV2, without delimiters: keys in the order of their UTF-8 bytes. */
export function listObjects(bucket: Bucket, request: ArrivedRequest): Reply {
  refuse(request, ['delimiter', 'fetch-owner']);
  const prefix = parameter(request, 'prefix') ?? '';
  const token = parameter(request, 'continuation-token');
  const after = token === undefined ? parameter(request, 'start-after') : fromToken(token);
  const limit = Math.min(numberParameter(request, 'max-keys', 2 ** 31) ?? mostEntries, mostEntries);
  const keys = [...bucket.objects.keys()]
    .filter((key) => key.startsWith(prefix) && (after === undefined || inOrder(after, key) < 0))
    .sort(inOrder);
  const page = keys.slice(0, limit);
  const last = page.at(-1);
  const truncated = keys.length > page.length && last !== undefined;
  return xmlReply('ListBucketResult', [
    ['Name', bucket.name],
    ['Prefix', prefix],
    ['KeyCount', page.length],
    ['MaxKeys', limit],
    ['IsTruncated', String(truncated)],
    token === undefined ? undefined : ['ContinuationToken', token],
    truncated ? ['NextContinuationToken', toToken(last)] : undefined,
    ...page.map((key) => contents(bucket, key)),
  ]);
}

/** ListMultipartUploads, without markers: all on one page. */
export function listUploads(bucket: Bucket, request: ArrivedRequest): Reply {
  refuse(request, ['delimiter', 'key-marker', 'upload-id-marker']);
  const prefix = parameter(request, 'prefix') ?? '';
  const uploads = [...bucket.uploads.values()]
    .filter(({ key }) => key.startsWith(prefix))
    .sort((a, b) => inOrder(a.key, b.key) || a.started - b.started);
  return xmlReply('ListMultipartUploadsResult', [
    ['Bucket', bucket.name],
    ['Prefix', prefix],
    ['MaxUploads', mostEntries],
    ['IsTruncated', 'false'],
    ...uploads.map(
      ({ key, id, started }): Child => [
        'Upload',
        [
          ['Key', key],
          ['UploadId', id],
          ['Initiated', new Date(started).toISOString()],
        ],
      ],
    ),
  ]);
}

/** ListParts. */
export function listParts(bucket: Bucket, upload: Upload, request: ArrivedRequest): Reply {
  const after = numberParameter(request, 'part-number-marker', 10_000) ?? 0;
  const limit = Math.min(
    numberParameter(request, 'max-parts', 2 ** 31) ?? mostEntries,
    mostEntries,
  );
  const parts = partsInOrder(upload).filter(({ number }) => number > after);
  const page = parts.slice(0, limit);
  return xmlReply('ListPartsResult', [
    ['Bucket', bucket.name],
    ['Key', upload.key],
    ['UploadId', upload.id],
    ['PartNumberMarker', after],
    ['NextPartNumberMarker', page.at(-1)?.number ?? 0],
    ['MaxParts', limit],
    ['IsTruncated', String(parts.length > page.length)],
    ...page.map(
      ({ number, etag, bytes, checksum }): Child => [
        'Part',
        [
          ['PartNumber', number],
          ['ETag', etag],
          ['Size', bytes.size],
          checksum && [`Checksum${checksum.algorithm.toUpperCase()}`, checksum.value],
        ],
      ],
    ),
  ]);
}

function contents(bucket: Bucket, key: string): Child {
  const object = bucket.objects.get(key);
  if (object === undefined) return undefined;
  return [
    'Contents',
    [
      ['Key', key],
      ['LastModified', new Date(object.modified).toISOString()],
      ['ETag', object.etag],
      ['Size', object.bytes.size],
      ['StorageClass', 'STANDARD'],
    ],
  ];
}

/** What would change the answer and is not known here must not be passed over. */
function refuse(request: ArrivedRequest, names: readonly string[]): void {
  const found = names.find((name) => parameter(request, name) !== undefined);
  if (found !== undefined) throw new S3Error('NotImplemented', `${found} is not known here`);
}

function toToken(key: string): string {
  return Buffer.from(key).toString('base64url');
}

function fromToken(token: string): string {
  const key = Buffer.from(token, 'base64url').toString();
  if (key !== '' && toToken(key) === token) return key;
  throw new S3Error('InvalidArgument', 'The continuation token provided is incorrect');
}

function inOrder(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
