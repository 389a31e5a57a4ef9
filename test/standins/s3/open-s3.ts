import type { S3Server } from './s3-server.ts';
import { startS3Server } from './s3-server.ts';
import type { BucketAddress } from './signed-request.ts';

/** A bucket for a test, and the server in this process if it is there. */
export interface OpenedS3 extends BucketAddress {
  /** undefined where the bucket is a real one. */
  readonly server: S3Server | undefined;
  /** The program that the bucket is on, where it is known to differ from Amazon's. */
  readonly kind: string | undefined;
  close(): Promise<void>;
}

/**
 * The bucket that the environment names (TEST_S3, TEST_S3_BUCKET,
 * TEST_S3_KIND, AWS_…), else
 * one on a server of this process.
 */
export async function openS3(env: NodeJS.ProcessEnv = process.env): Promise<OpenedS3> {
  const endpoint = env.TEST_S3;
  const region = env.AWS_REGION ?? 'us-east-1';
  if (endpoint !== undefined) {
    const credentials = {
      accessKeyId: env.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: env.AWS_SECRET_ACCESS_KEY ?? '',
      sessionToken: env.AWS_SESSION_TOKEN,
    };
    const bucket = env.TEST_S3_BUCKET ?? 'pullfront-test';
    const kind = env.TEST_S3_KIND;
    const close = async (): Promise<void> => undefined;
    return { endpoint, bucket, region, credentials, server: undefined, kind, close };
  }
  const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'no/secret+here' };
  const bucket = 'pullfront-test';
  const server = await startS3Server({ credentials, region, bucket });
  return {
    endpoint: server.endpoint,
    bucket,
    region,
    credentials,
    server,
    kind: undefined,
    close: () => server.close(),
  };
}
