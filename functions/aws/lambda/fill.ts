import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { upkeep } from '../../core/mirror/upkeep.ts';
import { createService } from '../../core/service/create-service.ts';
import { storeListeners } from '../../node/server-platform.ts';
import type { FunctionConfig } from '../configuration.ts';
import { DynamoDbBlobIndex } from '../dynamodb/blob-index.ts';
import { type FunctionProcess, openPlatform } from '../open.ts';
import { type HandleGroup, handleMessage } from '../sqs/fill-queue.ts';
import { deliveryOf } from '../sqs/queue.ts';

/** The handler of the fill function. It never rejects. */
export type FillHandler = (
  event: SQSEvent,
  context: Pick<Context, 'getRemainingTimeInMillis'> & Partial<Pick<Context, 'awsRequestId'>>,
) => Promise<SQSBatchResponse>;

/**
 * A fill pauses this long before the invocation ends, or after three quarters of a short one: it has
 * to finish its parts in flight and send the message for the next invocation. In ms.
 */
const longestMargin = 60_000;

/**
 * How long a message stays hidden after the last sign of life, in seconds. That sign may be a third of
 * this old, and the fill's lease, of 60 s, should have expired when the message is redelivered. The
 * queue itself hides messages for the longest time of an invocation: too long if an instance dies.
 */
const hiddenSeconds = 100;

/** How long an invocation waits for background work after its fills, in ms. */
const backgroundTime = 2_000;

/** Opens the fill function. */
export function openFill(config: FunctionConfig, process: FunctionProcess): FillHandler {
  const platform = openPlatform(config, process, (table) => new DynamoDbBlobIndex(table));
  const { log, stores, ledger, settled } = platform;
  const { mirror } = createService(config, { ...platform, upkeep });
  const concurrency = config.aws.fillConcurrency;
  const options = { ...storeListeners(log), hiddenSeconds, hideFirst: true };
  return async ({ Records }, context) => {
    log.of(context.awsRequestId);
    const left = context.getRemainingTimeInMillis();
    const pauseAt = Date.now() + left - Math.min(longestMargin, left / 4);
    const failed = await Promise.all(
      Records.map(async ({ messageId, receiptHandle, body, attributes }) => {
        const delivery = deliveryOf(attributes.ApproximateReceiveCount);
        const handle: HandleGroup = async (jobs) => {
          const outcomes = await mirror.handleFills(jobs, { pauseAt, delivery, concurrency });
          for (const [at, outcome] of outcomes.entries()) {
            if (outcome.kind !== 'retry') continue;
            const digest = jobs[at]?.blob.digest;
            log.event('info', 'fill deferred', { messageId, digest, reason: outcome.reason });
          }
          return outcomes;
        };
        const message = { id: messageId, receipt: receiptHandle, body, delivery };
        // Lambda removes the messages that are not reported as failed.
        const isSettled = await handleMessage(stores.queues, message, handle, options);
        return isSettled ? [] : [{ itemIdentifier: messageId }];
      }),
    );
    await settled(backgroundTime);
    await ledger.flushSometimes();
    return { batchItemFailures: failed.flat() };
  };
}
