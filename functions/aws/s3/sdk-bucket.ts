import {
  type BucketObject,
  type BucketUploads,
  type OpenUpload,
  refusedAs,
  S3Error,
  type UploadedPart,
} from './bucket.ts';
import { createSdkClient, type SdkClientOptions, s3Error, unsignedBody } from './sdk-client.ts';

const ContentType = 'application/octet-stream';

/**
 * The rarer requests to a bucket by the AWS SDK, which is loaded with the first of them: that costs
 * as much processor time as a fill of 150 MB.
 */
export function openSdkBucket(options: SdkClientOptions): BucketUploads {
  const Bucket = options.bucket;
  let loading: ReturnType<typeof load> | undefined;

  async function load() {
    const [sdk, { crc32 }] = await Promise.all([import('@aws-sdk/client-s3'), import('node:zlib')]);
    return { sdk, client: createSdkClient(sdk, options), crc32 };
  }

  function loaded() {
    loading ??= load();
    return loading;
  }

  return {
    async createUpload(key, signal) {
      const { sdk, client } = await loaded();
      const request = { Bucket, Key: key, ContentType, ChecksumAlgorithm: 'CRC32' } as const;
      const command = new sdk.CreateMultipartUploadCommand(request);
      try {
        const { UploadId: id } = await client.send(command, aborting(signal));
        if (id !== undefined) return { key, id };
      } catch (error) {
        throw s3Error('CreateMultipartUpload', error, signal);
      }
      throw new S3Error('CreateMultipartUpload', 'NoUploadId', undefined);
    },

    async uploadPart(upload, number, bytes, signal) {
      const { sdk, client, crc32 } = await loaded();
      const sum = Buffer.alloc(4);
      sum.writeUInt32BE(crc32(bytes));
      const command = new sdk.UploadPartCommand({
        Bucket,
        ...named(upload),
        PartNumber: number,
        Body: bytes,
        ContentLength: bytes.byteLength,
        ChecksumCRC32: sum.toString('base64'),
      });
      // The checksum guards the way; a SHA-256 of each part would hash every blob twice.
      command.middlewareStack.add(unsignedBody, { step: 'build' });
      try {
        const { ETag, ChecksumCRC32 } = await client.send(command, aborting(signal));
        return partOf({ PartNumber: number, Size: bytes.byteLength, ETag, ChecksumCRC32 });
      } catch (error) {
        throw s3Error('UploadPart', error, signal);
      }
    },

    async listParts(upload, signal) {
      const { sdk, client } = await loaded();
      const parts: UploadedPart[] = [];
      // Not the SDK's paginator: it goes by the marker, which S3 also gives with the last page.
      let marker: string | undefined;
      try {
        do {
          const after = marker === undefined ? {} : { PartNumberMarker: marker };
          const command = new sdk.ListPartsCommand({ Bucket, ...named(upload), ...after });
          const page = await client.send(command, aborting(signal));
          parts.push(...(page.Parts ?? []).map(partOf));
          marker = page.IsTruncated === true ? page.NextPartNumberMarker : undefined;
        } while (marker !== undefined);
        return parts;
      } catch (error) {
        const failure = s3Error('ListParts', error, signal);
        if (failure instanceof S3Error && failure.code === 'NoSuchUpload') return undefined;
        throw failure;
      }
    },

    async complete(upload, parts) {
      const { sdk, client } = await loaded();
      const Parts = parts.map(({ number, etag, crc32: sum }) => ({
        PartNumber: number,
        ETag: etag,
        ...(sum !== undefined && { ChecksumCRC32: sum }),
      }));
      const request = { Bucket, ...named(upload), MultipartUpload: { Parts }, IfNoneMatch: '*' };
      try {
        await client.send(new sdk.CompleteMultipartUploadCommand(request));
        return { kind: 'published' };
      } catch (error) {
        return refusedAs(s3Error('CompleteMultipartUpload', error));
      }
    },

    async abortUpload(upload) {
      const { sdk, client } = await loaded();
      try {
        await client.send(new sdk.AbortMultipartUploadCommand({ Bucket, ...named(upload) }));
      } catch (error) {
        const failure = s3Error('AbortMultipartUpload', error);
        if (!(failure instanceof S3Error) || failure.code !== 'NoSuchUpload') throw failure;
      }
    },

    async *list(prefix, after) {
      const { sdk, client } = await loaded();
      const request = { Bucket, Prefix: prefix, ...(after !== undefined && { StartAfter: after }) };
      const pages = sdk.paginateListObjectsV2({ client }, request);
      try {
        for await (const { Contents = [] } of pages) yield Contents.map(objectOf);
      } catch (error) {
        throw s3Error('ListObjectsV2', error);
      }
    },

    close() {
      loading?.then(({ client }) => client.destroy()).catch(() => undefined);
    },
  };
}

function aborting(abortSignal: AbortSignal | undefined) {
  return abortSignal === undefined ? {} : { abortSignal };
}

function named({ key, id }: OpenUpload) {
  return { Key: key, UploadId: id };
}

/** What the SDK gives may lack anything; S3 gives all of it. */
function objectOf(object: {
  readonly Key?: string | undefined;
  readonly Size?: number | undefined;
  readonly LastModified?: Date | undefined;
}): BucketObject {
  const { Key = '', Size = 0, LastModified } = object;
  return { key: Key, size: Size, modified: LastModified?.getTime() ?? 0 };
}

function partOf(part: {
  readonly PartNumber?: number | undefined;
  readonly Size?: number | undefined;
  readonly ETag?: string | undefined;
  readonly ChecksumCRC32?: string | undefined;
}): UploadedPart {
  const { PartNumber = 0, Size = 0, ETag = '', ChecksumCRC32 } = part;
  return { number: PartNumber, size: Size, etag: ETag, crc32: ChecksumCRC32 };
}
