import {
  BucketError,
  type BucketUploads,
  type OpenUpload,
  type UploadedPart,
} from '../../core/bucket/bucket.ts';
import { refusedAs, retryConflict, s3Error } from './s3-error.ts';
import { aborting, type LoadedSdk, signedBody } from './sdk-client.ts';

const ContentType = 'application/octet-stream';

/** The uploads in parts of an S3 bucket. */
export function bucketUploads(Bucket: string, loaded: () => Promise<LoadedSdk>): BucketUploads {
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
      throw new BucketError('S3 CreateMultipartUpload', 'NoUploadId', undefined);
    },

    async uploadPart(upload, number, bytes, signal) {
      const { sdk, client } = await loaded();
      const { crc32 } = await import('node:zlib');
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
      // The CRC protects the transfer; a SHA-256 of each part would hash every blob twice.
      command.middlewareStack.add(signedBody('UNSIGNED-PAYLOAD'), { step: 'build' });
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
      // The SDK's paginator would follow the marker, which S3 also sends with the last page.
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
        if (failure instanceof BucketError && failure.code === 'NoSuchUpload') return undefined;
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
      return retryConflict(async () => {
        try {
          await client.send(new sdk.CompleteMultipartUploadCommand(request));
          return { kind: 'published' };
        } catch (error) {
          return refusedAs(s3Error('CompleteMultipartUpload', error));
        }
      });
    },

    async abortUpload(upload) {
      const { sdk, client } = await loaded();
      try {
        await client.send(new sdk.AbortMultipartUploadCommand({ Bucket, ...named(upload) }));
      } catch (error) {
        const failure = s3Error('AbortMultipartUpload', error);
        if (!(failure instanceof BucketError) || failure.code !== 'NoSuchUpload') throw failure;
      }
    },
  };
}

function named({ key, id }: OpenUpload) {
  return { Key: key, UploadId: id };
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
