import type { AwsConfig, Config } from '../core/config/resolve.ts';
import { passThroughAll } from '../core/mirror/blobs/background-fill.ts';
import { upkeep } from '../core/mirror/upkeep.ts';
import { tolerate } from '../core/ports/tolerate.ts';
import { recordLives } from '../core/sources/record-lives.ts';
import { passwordReader } from '../node/password.ts';
import { type OpenPlatform, storeListeners } from '../node/server-platform.ts';
import { DynamoDbBlobIndex } from './dynamodb/blob-index.ts';
import { ServedSqsFillQueue } from './sqs/fill-queue.ts';
import { evictionSteps, openStores } from './stores.ts';

/** How often the ledger's counts are flushed, in ms. */
const flushInterval = 60_000;

/**
 * The platform of a server on DynamoDB, S3 and SQS, which also handles fills: for ECS, EKS, EC2 and
 * Lambda's web functions. Any number of servers can share the stores.
 */
export function openOnAws(
  aws: AwsConfig,
  { upstreams, clients }: Pick<Config, 'upstreams' | 'clients'>,
): OpenPlatform {
  return async ({ environment, runtime, log, fetch }) => {
    const { manifests, blobs, leases, ledger, queues, readSecret } = openStores(aws, environment, {
      openBlobIndex: (table) => new DynamoDbBlobIndex(table),
      lives: recordLives(upstreams),
      clients,
    });
    const queue = new ServedSqsFillQueue(queues, storeListeners(log));
    const { flush } = tolerate({ flush: () => ledger.flush() }, runtime.observe);
    const flushing = setInterval(() => void flush(), flushInterval);
    return {
      ports: { manifests, blobs, leases, ledger, queue },
      runtime,
      log,
      fetch,
      readPassword: passwordReader(environment, readSecret),
      // A server can stream a blob of any length, so no client has to wait for a fill.
      missingBlobs: passThroughAll,
      upkeep,
      evictionSteps,
      urlLife: aws.urlLife,
      fillsHere: aws.fills === 'here',
      place: `the table ${aws.table} and the bucket ${aws.bucket}`,
      close: async () => {
        clearInterval(flushing);
        await queue.stop();
        await flush();
      },
    };
  };
}
