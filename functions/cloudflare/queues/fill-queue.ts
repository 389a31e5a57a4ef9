import { batchesOf } from '../../core/bytes/batches.ts';
import {
  fillMessage,
  type ReadFillMessage,
  readFillMessage,
} from '../../core/mirror/fills/fill-message.ts';
import { deferredJob } from '../../core/mirror/fills/registry-share.ts';
import type { FillJob, FillOutcome, FillQueue } from '../../core/ports/fill-queue.ts';

/** Limits of one call, with room for what Queues adds to each message. */
const mostOfBatch = { items: 100, bytes: 200_000 };

/** In seconds. Queues allows a day now, but used to allow half a day. */
const longestDelay = 43_200;

/** The fill queue on Cloudflare Queues. */
export class QueuesFillQueue implements FillQueue {
  readonly #queue: Queue;

  constructor(queue: Queue) {
    this.#queue = queue;
  }

  async enqueue(jobs: readonly FillJob[]): Promise<void> {
    for (const bodies of batchesOf(jobs.map(fillMessage), sizeOf, mostOfBatch)) {
      await this.#queue.sendBatch(bodies.map((body) => ({ body, contentType: 'json' as const })));
    }
  }
}

/** An upper estimate: up to three bytes per character, except for the progress, which is ASCII. */
function sizeOf(message: ReturnType<typeof fillMessage>): number {
  const { length } = JSON.stringify({ ...message, progress: '' });
  return length * 3 + (message.progress?.length ?? 0);
}

/** The queues that messages go to after their fill. */
export interface WorkOptions {
  /** Where fills come from, and where those that were deferred are sent. */
  readonly fills: Pick<Queue, 'send'>;
  /** Where fills that were given up are sent, with the reason. */
  readonly givenUp?: Pick<Queue, 'send'> | undefined;
}

/**
 * Handles the messages of a batch concurrently and settles each on its own. `delivery` counts from 1.
 * Does not reject: a message that cannot be settled is redelivered.
 */
export async function workOn(
  batch: MessageBatch,
  handle: (job: FillJob, delivery: number) => Promise<FillOutcome>,
  queues: WorkOptions,
): Promise<void> {
  await Promise.all(
    batch.messages.map(async (message) => {
      try {
        const read = readFillMessage(message.body);
        const outcome: FillOutcome =
          read.kind === 'job'
            ? await handle(read.job, message.attempts)
            : { ...read, kind: 'given-up' };
        await settle(message, read, outcome, queues);
      } catch {
        // With the consumer's default delay.
        message.retry();
      }
    }),
  );
}

async function settle(
  message: Message,
  read: ReadFillMessage,
  outcome: FillOutcome,
  { fills, givenUp }: WorkOptions,
): Promise<void> {
  switch (outcome.kind) {
    case 'done':
      return message.ack();
    case 'retry':
      return message.retry({ delaySeconds: delayOf(outcome) });
    case 'deferred':
      // A new message, which was never delivered; sent before the acknowledgement.
      if (read.kind === 'job') {
        const options = { contentType: 'json', delaySeconds: delayOf(outcome) } as const;
        await fills.send(fillMessage(deferredJob(read.job)), options);
      }
      return message.ack();
    case 'given-up':
      // Sent before the acknowledgement: better twice than never.
      await givenUp?.send({ reason: outcome.reason, message: message.body });
      return message.ack();
  }
}

function delayOf({ afterSeconds }: { readonly afterSeconds: number }): number {
  return Math.min(Math.max(0, Math.ceil(afterSeconds)), longestDelay);
}
