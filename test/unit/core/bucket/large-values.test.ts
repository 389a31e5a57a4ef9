import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { S3LargeManifests } from '../../../../functions/aws/s3/large-manifests.ts';
import { nodeHashing } from '../../../../functions/aws/sdk/aws-credentials.ts';
import { createSigner } from '../../../../functions/core/signing/presigner.ts';
import { madeDigest } from '../../../contract/made-content.ts';
import { type S3Server, startS3Server } from '../../../standins/s3/s3-server.ts';

const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'secret', sessionToken: 'to/ken=' };
const bytes = new Uint8Array(randomBytes(4_390_000));
const digest = madeDigest(bytes);

describe('manifests that are too large for the index', () => {
  let server: S3Server;
  let manifests: S3LargeManifests;

  function opened(secretAccessKey = credentials.secretAccessKey) {
    const signer = createSigner({
      region: 'eu-central-1',
      service: 's3',
      credentials: () => ({ ...credentials, secretAccessKey }),
      now: Date.now,
      hashing: nodeHashing,
    });
    const { endpoint } = server;
    const address = { bucket: 'manifests-here', region: 'eu-central-1', endpoint };
    return new S3LargeManifests({ address, signer });
  }

  beforeEach(async () => {
    const bucket = 'manifests-here';
    server = await startS3Server({ credentials, region: 'eu-central-1', bucket });
    manifests = opened();
  });
  afterEach(async () => {
    manifests.close();
    await server.close();
  });

  test('come back as they were', async () => {
    expect(await manifests.get(digest)).toBeUndefined();
    await manifests.put(digest, bytes);
    await manifests.put(digest, bytes);
    expect(madeDigest((await manifests.get(digest)) ?? 'none')).toBe(digest);
    await manifests.delete(digest);
    await manifests.delete(digest);
    expect(await manifests.get(digest)).toBeUndefined();
  });

  test('by their SHA-512', async () => {
    const other = madeDigest(bytes, 'sha512');
    await manifests.put(other, bytes);
    expect(await manifests.get(digest)).toBeUndefined();
    expect(await manifests.get(other)).toHaveLength(bytes.byteLength);
  });

  test('are refused by S3 itself when their bytes are others', async () => {
    await expect(manifests.put(digest, bytes.slice(0, 1000))).rejects.toMatchObject({
      code: 'XAmzContentSHA256Mismatch',
    });
    expect(server.bucket.objects.size).toBe(0);
  });

  test('survive an S3 that is busy, and a connection that breaks', async () => {
    server.fail({ on: 'PutObject', do: { kind: 'status', code: 'InternalError' } });
    await manifests.put(digest, bytes);
    server.fail({ on: 'GetObject', do: { kind: 'drop' } });
    server.fail({ on: 'GetObject', skip: 1, do: { kind: 'cut', after: 1_000_000 } });
    expect(await manifests.get(digest)).toHaveLength(bytes.byteLength);
  });

  test('fail with the code of S3, and no word of what was sent', async () => {
    const others = opened('another secret');
    const failure = await others.get(digest).catch((error: unknown) => error);
    others.close();
    expect(failure).toMatchObject({ code: 'SignatureDoesNotMatch', status: 403 });
    expect(String(failure)).toBe('S3Error: S3 GetObject: SignatureDoesNotMatch (403)');
  });
});
