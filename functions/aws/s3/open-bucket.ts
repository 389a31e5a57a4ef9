import type { Bucket } from '../../core/bucket/bucket.ts';
import { bucketObjects } from './bucket-objects.ts';
import { bucketUploads } from './bucket-uploads.ts';
import { createSdkClient, type S3Sdk, type SdkClientOptions } from './sdk-client.ts';

/**
 * Opens a bucket. Loading the SDK takes some 35 ms of processor time, so it is loaded with the first
 * request: an instance that only redirects never pays for it.
 */
export function openBucket(options: SdkClientOptions): Bucket {
  let loading: Promise<S3Sdk> | undefined;

  async function create(): Promise<S3Sdk> {
    const sdk = await import('./sdk.ts');
    const client = createSdkClient(sdk, options, { keepAlive: true });
    const streaming = createSdkClient(sdk, options, { keepAlive: false });
    return { sdk, client, streaming };
  }

  const load = () => (loading ??= create());
  return {
    ...bucketObjects(options.bucket, load),
    ...bucketUploads(options.bucket, load),
    close() {
      const destroy = ({ client, streaming }: S3Sdk) => {
        client.destroy();
        streaming.destroy();
      };
      loading?.then(destroy).catch(() => undefined);
    },
  };
}
