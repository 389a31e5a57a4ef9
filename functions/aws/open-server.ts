import type { AwsConfig } from '../core/config/resolve.ts';
import { passThroughAll } from '../core/mirror/blobs/background-fill.ts';
import { reasonOf } from '../core/ports/tolerate.ts';
import { billedMarkInterval } from '../core/service/platform.ts';
import { passwordReader } from '../node/password.ts';
import { type OpenPlatform, storeListeners } from '../node/server-platform.ts';
import { ServedSqsFillQueue } from './sqs/fill-queue.ts';
import { openStores } from './stores.ts';

/** How often the counts are written, in ms. */
const flushInterval = 60_000;

/**
 * DynamoDB, S3 and SQS under an ordinary server, which also works on the queue of fills: for ECS,
 * EKS, EC2 and Lambda's Web Functions. Any number of such servers share them.
 */
export function openOnAws(aws: AwsConfig): OpenPlatform {
  return async ({ environment, runtime, log, fetch }) => {
    const { manifests, blobs, leases, ledger, queues, readSecret } = openStores(aws, environment);
    const queue = new ServedSqsFillQueue(queues, storeListeners(log));
    const flush = () =>
      ledger.flush().catch((error: unknown) => {
        runtime.observe({ kind: 'store-failed', operation: 'flush', reason: reasonOf(error) });
      });
    const flushing = setInterval(() => void flush(), flushInterval);
    return {
      ports: { manifests, blobs, leases, ledger, queue },
      runtime,
      log,
      fetch,
      readPassword: passwordReader(environment, readSecret),
      // A server may answer for as long as a blob takes, so no client waits for a fill.
      missingBlobs: passThroughAll,
      markInterval: billedMarkInterval,
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
