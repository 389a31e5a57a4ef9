import type { Readable } from 'node:stream';
import type { _Object, S3Client } from '@aws-sdk/client-s3';
import {
  type AnnouncedObject,
  BucketError,
  type BucketObject,
  type BucketObjects,
  type Bucket as BucketPort,
  type Published,
} from '../../core/bucket/bucket.ts';
import { backOff } from '../sdk/backoff.ts';
import { requestBody } from './request-body.ts';
import { ifAbsent, resultOf, retryConflict, toPublished } from './s3-error.ts';
import { abortOptions, type S3Sdk, signedBody } from './sdk-client.ts';

/** Objects read into memory are at most this large, in bytes. */
const mostBytes = 64 * 1024 * 1024;

/** Attempts to read an object whose body breaks off: the SDK retries only until an answer begins. */
const mostReads = 4;

/** The objects of an S3 bucket. */
export function bucketObjects(
  Bucket: string,
  load: () => Promise<S3Sdk>,
): BucketObjects & Pick<BucketPort, 'putStream'> {
  async function read(Key: string): Promise<Uint8Array<ArrayBuffer>> {
    const { sdk, client } = await load();
    const command = new sdk.GetObjectCommand({ Bucket, Key });
    const { Body, ContentLength = 0 } = await client.send(command);
    if (ContentLength > mostBytes) throw new BucketError('S3 GetObject', 'TooLarge', 200);
    return new Uint8Array((await Body?.transformToByteArray()) ?? []);
  }

  async function remove(Key: string): Promise<void> {
    const { sdk, client } = await load();
    const command = new sdk.DeleteObjectCommand({ Bucket, Key });
    await resultOf('DeleteObject', client.send(command)).catch(ifAbsent);
  }

  async function publish(
    client: S3Client,
    key: string,
    body: Uint8Array | Readable,
    { size, sha256, replace }: AnnouncedObject,
    signal: AbortSignal | undefined,
  ): Promise<Published> {
    const { sdk } = await load();
    const command = new sdk.PutObjectCommand({
      Bucket,
      Key: key,
      Body: body,
      ContentLength: size,
      ContentType: 'application/octet-stream',
      ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64'),
      ...(replace !== true && { IfNoneMatch: '*' }),
    });
    command.middlewareStack.add(signedBody(sha256), { step: 'build' });
    const put = resultOf('PutObject', client.send(command, abortOptions(signal)), signal);
    const outcome = await put.catch(toPublished);
    if ('kind' in outcome) return outcome;
    if (outcome.ChecksumSHA256 !== undefined) return { kind: 'published' };
    // This service is not Amazon's, and did not verify the bytes.
    await remove(key);
    throw new BucketError('S3 PutObject', 'ChecksumNotVerified', undefined);
  }

  return {
    async head(key, signal) {
      const { sdk, client } = await load();
      const head = client.send(
        new sdk.HeadObjectCommand({ Bucket, Key: key }),
        abortOptions(signal),
      );
      const found = await resultOf('HeadObject', head, signal).catch(ifAbsent);
      return found && objectOf({ ...found, Key: key, Size: found.ContentLength });
    },

    async get(key) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await resultOf('GetObject', read(key)).catch(ifAbsent);
        } catch (error) {
          const isCut = error instanceof BucketError && error.status === undefined;
          if (!isCut || attempt === mostReads) throw error;
          await backOff(attempt, { first: 100 });
        }
      }
    },

    async put(key, bytes, announced, signal) {
      const { client } = await load();
      return retryConflict(() => publish(client, key, bytes, announced, signal));
    },

    async putStream(key, bytes, announced, signal) {
      const { streaming } = await load();
      const body = requestBody(bytes);
      const either = AbortSignal.any([signal, body.ended]);
      try {
        return await publish(streaming, key, body.stream, announced, either);
      } finally {
        body.end();
      }
    },

    delete: remove,

    async *list(prefix, after) {
      const { sdk, client } = await load();
      let place: object = after === undefined ? {} : { StartAfter: after };
      let hasMore = true;
      while (hasMore) {
        const command = new sdk.ListObjectsV2Command({ Bucket, Prefix: prefix, ...place });
        const page = await resultOf('ListObjectsV2', client.send(command));
        yield (page.Contents ?? []).map(objectOf);
        place = { ContinuationToken: page.NextContinuationToken };
        hasMore = page.IsTruncated === true;
      }
    },
  };
}

function objectOf({ Key = '', Size = 0, LastModified }: _Object): BucketObject {
  return { key: Key, size: Size, modified: LastModified?.getTime() ?? 0 };
}
