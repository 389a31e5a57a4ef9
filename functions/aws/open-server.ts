import type { Environment } from '../core/config/environment.ts';
import type { AwsConfig } from '../core/config/resolve.ts';
import { passThroughAll } from '../core/mirror/blobs/fill-behind.ts';
import type { OpenStores } from '../node/stores.ts';
import { openStores } from './open.ts';
import { ServedSqsFillQueue } from './sqs/fill-queue.ts';

/** A mark of a pull is repeated after a day at the earliest, in ms: each costs a write. */
const markInterval = 86_400_000;

/** How often the counts are written, in ms. */
const flushInterval = 60_000;

/**
 * DynamoDB, S3 and SQS under an ordinary server, which also works on the queue of fills: for ECS,
 * EKS, EC2 and Lambda's Web Functions. Any number of such servers share them.
 */
export function serverStores(aws: AwsConfig, environment: Environment): OpenStores {
  return async ({ onGivenUp, onProblem }) => {
    const { manifests, blobs, leases, ledger, queues, readSecret } = openStores(aws, environment);
    const queue = new ServedSqsFillQueue(queues, { onGivenUp, onProblem });
    const flush = () =>
      ledger.flush().catch((error: unknown) => onProblem(`write counts: ${String(error)}`));
    const flushing = setInterval(() => void flush(), flushInterval);
    return {
      manifests,
      blobs,
      leases,
      ledger,
      queue: {
        enqueue: (jobs) => queue.enqueue(jobs),
        start: (handler) => queue.start(handler),
        stop: () => queue.stop(),
      },
      fillsHere: aws.fills === 'here',
      place: `the table ${aws.table} and the bucket ${aws.bucket}`,
      markInterval,
      // A server may answer for as long as a blob takes, so no client waits for a fill.
      missingBlobs: passThroughAll,
      readSecret,
      close: async () => {
        clearInterval(flushing);
        await queue.stop();
        await flush();
      },
    };
  };
}
