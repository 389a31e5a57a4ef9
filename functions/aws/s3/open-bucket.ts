import type { CredentialSource } from '../../core/signing/credentials.ts';
import type { Signer } from '../../core/signing/presigner.ts';
import type { Bucket } from './bucket.ts';
import { openBucketObjects } from './object-client.ts';
import type { BucketAddress } from './object-url.ts';
import { openSdkBucket } from './sdk-bucket.ts';

/** Of silence, in ms: a body may come slowly. */
const longestSilence = 60_000;

/** Opens a bucket. Nothing is connected, or loaded, before it is needed. */
export function openBucket({
  address,
  signer,
  credentials,
}: {
  readonly address: BucketAddress;
  /** Of the service `s3` in the bucket's region, by the same credentials. */
  readonly signer: Pick<Signer, 'headers'>;
  readonly credentials: CredentialSource;
}): Bucket {
  const uploads = openSdkBucket({ ...address, credentials });
  const objects = openBucketObjects({ address, signer, longestSilence });
  return {
    ...uploads,
    ...objects,
    close() {
      uploads.close();
      objects.close();
    },
  };
}
