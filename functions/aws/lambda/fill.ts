import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { RunningMirror } from '../../core/mirror/create-mirror.ts';
import { logGivenUp } from '../../core/observe/event-line.ts';
import type { FillJob, FillOutcome } from '../../core/ports/fill-queue.ts';
import { createService } from '../../core/service/create-service.ts';
import type { FunctionConfig } from '../configuration.ts';
import { type FunctionPlatform, type FunctionProcess, openPlatform } from '../open.ts';
import { deliveryOf, readFillText } from '../sqs/queue.ts';

/** The handler of the fill function: works on messages of the queue, and never rejects. */
export type FillHandler = (
  event: SQSEvent,
  context: Pick<Context, 'getRemainingTimeInMillis'>,
) => Promise<SQSBatchResponse>;

/**
 * A fill pauses so many ms before the invocation ends, or when three quarters of a short one are
 * over: the parts under way and the message to the next invocation need their time.
 */
const longestMargin = 60_000;

/**
 * How long a message stays hidden without a sign of its filler, in seconds. The last sign may be a
 * third of it old, and the filler's lease, of 60 s, should be over when the message comes back.
 */
const hiddenSeconds = 100;

/** How long an invocation waits for the work beside its fills, in ms. */
const afterwards = 2_000;

/** Opens the fill function. */
export function openFill(config: FunctionConfig, process: FunctionProcess): FillHandler {
  const platform = openPlatform(config, process);
  const { mirror } = createService(config, platform);
  return async ({ Records }, context) => {
    const left = context.getRemainingTimeInMillis();
    const pauseAt = Date.now() + left - Math.min(longestMargin, left / 4);
    const failed = await Promise.all(
      Records.map(async (record) => {
        const read = readFillText(record.body);
        const message: Message = { record, job: read.kind === 'job' ? read.job : undefined };
        const outcome: FillOutcome =
          read.kind === 'job'
            ? await fill(platform, mirror, record, read.job, pauseAt)
            : { kind: 'given-up', reason: read.reason };
        return (await settle(platform, message, outcome)) ? [] : [record.messageId];
      }),
    );
    await platform.settled(afterwards);
    await platform.ledger.flushSometimes();
    return { batchItemFailures: failed.flat().map((itemIdentifier) => ({ itemIdentifier })) };
  };
}

/** A message of the queue; one that is no fill has no job. */
interface Message {
  readonly record: SQSRecord;
  readonly job: FillJob | undefined;
}

async function fill(
  platform: FunctionPlatform,
  mirror: RunningMirror,
  record: SQSRecord,
  job: FillJob,
  pauseAt: number,
): Promise<FillOutcome> {
  const delivery = deliveryOf(record.attributes.ApproximateReceiveCount);
  const release = keepHidden(platform, record);
  try {
    return await mirror.handleFill(job, { pauseAt, delivery });
  } finally {
    release();
  }
}

/**
 * Hides a message from the others as long as this instance shows signs of life, and no longer: the
 * queue itself hides it for the longest time that an invocation may take, and the fill of one that
 * died would wait for the rest of that.
 */
function keepHidden({ stores, log }: FunctionPlatform, { receiptHandle }: SQSRecord): () => void {
  const hide = () => {
    stores.queues.queue.hide({ receipt: receiptHandle }, hiddenSeconds).catch((error: unknown) => {
      log.event('warn', 'queue failed', { reason: String(error) });
    });
  };
  hide();
  const heartbeat = setInterval(hide, (hiddenSeconds * 1000) / 3);
  return () => clearInterval(heartbeat);
}

/**
 * Sees to what becomes of a message; false when it is to come again. Lambda itself removes the
 * messages that are not said to have failed.
 */
async function settle(
  { stores, log }: FunctionPlatform,
  { record: { messageId, receiptHandle, body }, job }: Message,
  outcome: FillOutcome,
): Promise<boolean> {
  const { queue, deadLetters } = stores.queues;
  try {
    if (outcome.kind === 'done') return true;
    const { reason } = outcome;
    if (outcome.kind === 'given-up') {
      logGivenUp(log, job, reason);
      await deadLetters?.sendGivenUp(body, reason);
      return true;
    }
    const fields = { messageId, digest: job?.blob.digest, outcome: outcome.kind, reason };
    log.event('warn', 'fill not done', fields);
    await queue.hide({ receipt: receiptHandle }, outcome.afterSeconds);
    return false;
  } catch (error) {
    // It comes again when its visibility ends.
    log.event('error', 'queue failed', { reason: String(error) });
    return false;
  }
}
