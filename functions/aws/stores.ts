import type { BlobIndex } from '../core/bucket/blob-index.ts';
import { blobKey } from '../core/bucket/blob-key.ts';
import { LargeValues } from '../core/bucket/large-values.ts';
import { type LimitsByNetwork, longestUrlLife } from '../core/clients/client-limits.ts';
import type { Environment } from '../core/config/environment.ts';
import type { AwsConfig } from '../core/config/resolve.ts';
import type { Digest } from '../core/oci/digest.ts';
import type { Ports } from '../core/ports/ports.ts';
import { createSigner } from '../core/signing/presigner.ts';
import type { SignInReader } from '../core/sources/accounts/sign-in.ts';
import type { RecordLives } from '../core/sources/record-lives.ts';
import { openDynamoDbClients } from './dynamodb/dynamodb-clients.ts';
import { DynamoDbLeases } from './dynamodb/leases.ts';
import { DynamoDbLedger } from './dynamodb/ledger.ts';
import { DynamoDbManifestStore } from './dynamodb/manifest-store.ts';
import { DynamoDbTable } from './dynamodb/table.ts';
import { ecrSignIn } from './ecr/ecr-sign-in.ts';
import { s3BlobStore } from './s3/blob-store.ts';
import { addressWith, bucketUrl, manifestKey } from './s3/object-url.ts';
import { openBucket } from './s3/open-bucket.ts';
import { awsCredentials, nodeHashing } from './sdk/aws-credentials.ts';
import { Outages } from './sdk/outage.ts';
import { secretReader } from './sdk/secrets.ts';
import { type FillQueues, SqsFillQueue } from './sqs/fill-queue.ts';
import { openSqs, SqsQueue } from './sqs/queue.ts';

/** The stores on AWS, and what else an instance does with them. */
export interface AwsStores extends Ports {
  readonly ledger: DynamoDbLedger;
  readonly queues: FillQueues;
  /** A URL signed for HEAD of a blob; undefined if it is not stored. */
  signHead(digest: Digest): Promise<string | undefined>;
  /** Reads a password from Secrets Manager. */
  readSecret(name: string): Promise<string>;
  /** Signs in to Amazon ECR. */
  readonly readSignIn: SignInReader;
  /** Starts what the first request would wait for: the credentials, and a connection to DynamoDB. */
  warm(): void;
}

/** Opens the index of blobs: `DynamoDbBlobIndex`, or `readOnlyBlobIndex` where nothing is filled. */
export type OpenBlobIndex = (table: DynamoDbTable) => BlobIndex;

interface StoreOptions {
  readonly openBlobIndex: OpenBlobIndex;
  readonly lives: RecordLives;
  /** What clients may have, by network. */
  readonly clients: LimitsByNetwork;
}

/**
 * How many blobs and manifests one run of eviction examines. Each takes about six calls in sequence, so all
 * of them take about ten seconds, and a run never lists all blobs of a large bucket.
 */
export const evictionSteps = 300;

/** Opens the stores on AWS. They connect when they are first used. */
export function openStores(
  aws: AwsConfig,
  environment: Environment,
  { openBlobIndex, lives, clients }: StoreOptions,
): AwsStores {
  const now = Date.now;
  const { endpoints, bucket, urlLife, dualStack } = aws;
  const region = regionOf(aws, environment);
  const credentials = awsCredentials({ environment, now });
  const outages = new Outages(now);
  const serviceAt = (endpoint: URL | undefined) => ({ region, credentials, endpoint, outages });
  const dynamoDb = openDynamoDbClients(serviceAt(endpoints.dynamodb));
  const table = new DynamoDbTable(dynamoDb, aws.table);
  const sqs = openSqs(serviceAt(endpoints.sqs));
  const queues = {
    queue: new SqsQueue(sqs, aws.queue.href),
    deadLetters: aws.deadLetterQueue && new SqsQueue(sqs, aws.deadLetterQueue.href),
  };
  const address = addressWith(
    { bucket, region, endpoint: endpoints.s3?.href, dualStack },
    environment,
  );
  const hashing = nodeHashing;
  const signer = createSigner({ region, credentials, now, hashing });
  const blobs = s3BlobStore({
    address,
    signer,
    index: openBlobIndex(table),
    bucket: openBucket({ ...address, credentials, longestSilence: 60_000 }),
    urlLife,
    longestUrlLife: longestUrlLife(clients, urlLife),
    now,
  });
  const headUrl = (digest: Digest) =>
    signer.presign({
      method: 'HEAD',
      url: new URL(bucketUrl(address) + blobKey(digest)),
      lifeSeconds: urlLife / 1000,
    });
  return {
    manifests: new DynamoDbManifestStore(table, {
      large: new LargeValues({
        // Clients wait for manifests.
        bucket: openBucket({ ...address, credentials, longestSilence: 5000 }),
        keyOf: manifestKey,
        sha256Hex: nodeHashing.sha256Hex,
      }),
      now,
      lives,
    }),
    blobs,
    leases: new DynamoDbLeases(table, now),
    ledger: new DynamoDbLedger(table),
    queue: new SqsFillQueue(queues.queue),
    queues,
    async signHead(digest) {
      if ((await blobs.stat(digest)) === undefined) return undefined;
      return (await headUrl(digest)).url;
    },
    readSecret: secretReader(serviceAt(endpoints.secretsManager)),
    readSignIn: ecrSignIn(credentials),
    warm() {
      // If these fail, the first request tries again and reports why.
      dynamoDb.openAhead().catch(() => undefined);
      Promise.resolve(credentials()).catch(() => undefined);
    },
  };
}

/** On Lambda the region is in the environment. */
function regionOf({ region }: AwsConfig, environment: Environment): string {
  const found = region ?? environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION;
  if (found !== undefined && found !== '') return found;
  throw new Error('no AWS region: set "aws.region" or AWS_REGION');
}
