import { startMoto } from './moto.ts';
import type { Service } from './service.ts';
import { startVersitygw } from './versitygw.ts';

const owner = {
  accessKeyId: 'AKIATEST',
  secretAccessKey: 'no/secret+here',
  region: 'us-east-1',
  bucket: 'pullfront-test',
};

/**
 * Before the tests: starts what the environment does not name, and names it there. A service that
 * is named, a real account's for one, is left as it is.
 */
export async function setup(): Promise<() => Promise<void>> {
  const started: Service[] = [];
  const env = process.env;
  const stop = async (): Promise<void> => {
    for (const service of started) await service.stop();
  };
  try {
    if (env.TEST_S3 === undefined) {
      const service = await startVersitygw(owner);
      started.push(service);
      env.TEST_S3 = service.endpoint;
      env.TEST_S3_BUCKET = owner.bucket;
      env.TEST_S3_KIND = 'versitygw';
      env.AWS_ACCESS_KEY_ID = owner.accessKeyId;
      env.AWS_SECRET_ACCESS_KEY = owner.secretAccessKey;
      env.AWS_REGION = owner.region;
      delete env.AWS_SESSION_TOKEN;
    }
    if (env.TEST_DYNAMODB === undefined) {
      const service = await startMoto();
      started.push(service);
      env.TEST_DYNAMODB = service.endpoint;
      env.TEST_DYNAMODB_KIND = 'moto';
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}
