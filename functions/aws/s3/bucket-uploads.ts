import type { Part } from '@aws-sdk/client-s3';
import {
  BucketError,
  type BucketUploads,
  type OpenUpload,
  type UploadedPart,
} from '../../core/bucket/bucket.ts';
import { ifAbsent, resultOf, retryConflict, toPublished } from './s3-error.ts';
import { abortOptions, type S3Sdk, signedBody } from './sdk-client.ts';

const ContentType = 'application/octet-stream';

/** The uploads in parts of an S3 bucket. */
export function bucketUploads(Bucket: string, load: () => Promise<S3Sdk>): BucketUploads {
  return {
    async createUpload(key, signal) {
      const { sdk, client } = await load();
      const request = { Bucket, Key: key, ContentType, ChecksumAlgorithm: 'CRC32' } as const;
      const command = new sdk.CreateMultipartUploadCommand(request);
      const created = client.send(command, abortOptions(signal));
      const { UploadId: id } = await resultOf('CreateMultipartUpload', created, signal);
      if (id !== undefined) return { key, id };
      throw new BucketError('S3 CreateMultipartUpload', 'NoUploadId', undefined);
    },

    async uploadPart(upload, number, bytes, signal) {
      const { sdk, client } = await load();
      const { crc32 } = await import('node:zlib');
      const sum = Buffer.alloc(4);
      sum.writeUInt32BE(crc32(bytes));
      const command = new sdk.UploadPartCommand({
        Bucket,
        ...idsOf(upload),
        PartNumber: number,
        Body: bytes,
        ContentLength: bytes.byteLength,
        ChecksumCRC32: sum.toString('base64'),
      });
      // The CRC protects the transfer; a SHA-256 of each part would hash every blob twice.
      command.middlewareStack.add(signedBody('UNSIGNED-PAYLOAD'), { step: 'build' });
      const sent = await resultOf('UploadPart', client.send(command, abortOptions(signal)), signal);
      return partOf({ ...sent, PartNumber: number, Size: bytes.byteLength });
    },

    async listParts(upload, signal) {
      const { sdk, client } = await load();
      const parts: UploadedPart[] = [];
      // The SDK's paginator would follow the marker, which S3 also sends with the last page.
      let marker: string | undefined;
      do {
        const after = marker === undefined ? {} : { PartNumberMarker: marker };
        const command = new sdk.ListPartsCommand({ Bucket, ...idsOf(upload), ...after });
        const listed = resultOf('ListParts', client.send(command, abortOptions(signal)), signal);
        const page = await listed.catch(ifAbsent);
        if (page === undefined) return undefined;
        for (const part of page.Parts ?? []) parts.push(partOf(part));
        marker = page.IsTruncated === true ? page.NextPartNumberMarker : undefined;
      } while (marker !== undefined);
      return parts;
    },

    async complete(upload, parts) {
      const { sdk, client } = await load();
      const Parts = parts.map(({ number, etag, crc32: sum }) => ({
        PartNumber: number,
        ETag: etag,
        ...(sum !== undefined && { ChecksumCRC32: sum }),
      }));
      const request = { Bucket, ...idsOf(upload), MultipartUpload: { Parts }, IfNoneMatch: '*' };
      return retryConflict(async () => {
        const completed = client.send(new sdk.CompleteMultipartUploadCommand(request));
        const published = completed.then(() => ({ kind: 'published' }) as const);
        return resultOf('CompleteMultipartUpload', published).catch(toPublished);
      });
    },

    async abortUpload(upload) {
      const { sdk, client } = await load();
      const command = new sdk.AbortMultipartUploadCommand({ Bucket, ...idsOf(upload) });
      await resultOf('AbortMultipartUpload', client.send(command)).catch(ifAbsent);
    },
  };
}

function idsOf({ key, id }: OpenUpload) {
  return { Key: key, UploadId: id };
}

function partOf({ PartNumber = 0, Size = 0, ETag = '', ChecksumCRC32 }: Part): UploadedPart {
  return { number: PartNumber, size: Size, etag: ETag, crc32: ChecksumCRC32 };
}
