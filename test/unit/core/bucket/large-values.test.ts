import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { manifestKey } from '../../../../functions/aws/s3/object-url.ts';
import { openBucket } from '../../../../functions/aws/s3/open-bucket.ts';
import { nodeHashing } from '../../../../functions/aws/sdk/aws-credentials.ts';
import type { Bucket } from '../../../../functions/core/bucket/bucket.ts';
import { LargeValues } from '../../../../functions/core/bucket/large-values.ts';
import { madeDigest } from '../../../contract/made-content.ts';
import { type S3Server, startS3Server } from '../../../standins/s3/s3-server.ts';

const region = 'eu-central-1';
const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'secret', sessionToken: 'to/ken=' };
const bytes = new Uint8Array(randomBytes(4_390_000));
const digest = madeDigest(bytes);

describe('values that are too large for the index', () => {
  let server: S3Server;
  let opened: Bucket[] = [];
  let values: LargeValues;

  function valuesBy(secretAccessKey = credentials.secretAccessKey): LargeValues {
    const bucket = openBucket({
      bucket: 'values-here',
      region,
      endpoint: server.endpoint,
      credentials: () => ({ ...credentials, secretAccessKey }),
      longestSilence: 5000,
    });
    opened.push(bucket);
    return new LargeValues({ bucket, keyOf: manifestKey, sha256Hex: nodeHashing.sha256Hex });
  }

  beforeEach(async () => {
    server = await startS3Server({ credentials, region, bucket: 'values-here' });
    values = valuesBy();
  });
  afterEach(async () => {
    for (const bucket of opened) bucket.close();
    opened = [];
    await server.close();
  });

  test('come back as they were', async () => {
    expect(await values.get(digest)).toBeUndefined();
    await values.put(digest, bytes);
    await values.put(digest, bytes);
    expect(madeDigest((await values.get(digest)) ?? 'none')).toBe(digest);
    await values.delete(digest);
    await values.delete(digest);
    expect(await values.get(digest)).toBeUndefined();
  });

  test('by their SHA-512', async () => {
    const other = madeDigest(bytes, 'sha512');
    await values.put(other, bytes);
    expect(await values.get(digest)).toBeUndefined();
    expect(await values.get(other)).toHaveLength(bytes.byteLength);
  });

  test('by a name that says nothing of them are replaced', async () => {
    await values.put('tags of an image', bytes);
    await values.put('tags of an image', bytes.slice(0, 10));
    expect(await values.get('tags of an image')).toEqualBytes(bytes.slice(0, 10));
  });

  test('are refused by S3 itself when their bytes are others', async () => {
    await expect(values.put(digest, bytes.slice(0, 1000))).rejects.toMatchObject({
      code: 'wrong-bytes',
    });
    expect(server.bucket.objects.size).toBe(0);
  });

  test('survive an S3 that is busy, and a connection that breaks', async () => {
    server.fail({ on: 'PutObject', do: { kind: 'status', code: 'InternalError' } });
    await values.put(digest, bytes);
    server.fail({ on: 'GetObject', do: { kind: 'drop' } });
    server.fail({ on: 'GetObject', do: { kind: 'cut', after: 1_000_000 } });
    expect(await values.get(digest)).toHaveLength(bytes.byteLength);
  });

  test('fail with the code of S3, and no word of what was sent', async () => {
    const failure = await valuesBy('another secret')
      .get(digest)
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'SignatureDoesNotMatch', status: 403 });
    expect(String(failure)).toBe('BucketError: S3 GetObject: SignatureDoesNotMatch (403)');
  });
});
