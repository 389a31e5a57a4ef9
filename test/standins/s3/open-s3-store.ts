import { DynamoDbBlobIndex } from '../../../functions/aws/dynamodb/blob-index.ts';
import { s3BlobStore } from '../../../functions/aws/s3/blob-store.ts';
import { openBucket } from '../../../functions/aws/s3/open-bucket.ts';
import { nodeHashing } from '../../../functions/aws/sdk/aws-credentials.ts';
import type { BlobStore } from '../../../functions/core/ports/blob-store.ts';
import { createSigner } from '../../../functions/core/signing/presigner.ts';
import type { OpenedPort } from '../../contract/opened-port.ts';
import { type OpenedDynamoDb, openDynamoDb } from '../dynamodb/open-dynamodb.ts';
import { type OpenedS3, openS3 } from './open-s3.ts';

/** A blob store in a bucket of its own, or in an emptied one of a real service. */
export interface OpenedS3Store extends OpenedPort<BlobStore> {
  readonly s3: OpenedS3;
  readonly dynamoDb: OpenedDynamoDb;
  /** Another instance, whose index is asked by way of the proxy. */
  readonly proxied: BlobStore;
  /** Another instance. */
  another(): BlobStore;
  /** Its index alone. */
  index(): DynamoDbBlobIndex;
}

const minute = 60_000;

/** Opens the store over S3 and DynamoDB, the real ones if the environment names them. */
export async function openS3Store(now: () => number = Date.now): Promise<OpenedS3Store> {
  const s3 = await openS3();
  const dynamoDb = await openDynamoDb();
  const { bucket: name, region, endpoint, credentials } = s3;
  const address = { bucket: name, region, endpoint };
  const signer = createSigner({
    region,
    credentials: () => credentials,
    now,
    hashing: nodeHashing,
  });
  const bucket = openBucket({ ...address, credentials: () => credentials, longestSilence: 60_000 });
  if (s3.server === undefined) {
    for await (const objects of bucket.list('')) {
      for (const { key } of objects) await bucket.delete(key);
    }
  }
  const open = (table = dynamoDb.another()) =>
    s3BlobStore({
      address,
      signer,
      bucket,
      index: new DynamoDbBlobIndex(table),
      urlLife: 20 * minute,
      now,
    });
  return {
    s3,
    dynamoDb,
    store: open(),
    proxied: open(dynamoDb.table),
    another: () => open(),
    index: () => new DynamoDbBlobIndex(dynamoDb.another()),
    reopen: async () => open(),
    async close() {
      bucket.close();
      await dynamoDb.close();
      await s3.close();
    },
  };
}
