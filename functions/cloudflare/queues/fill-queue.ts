import { batchesOf } from '../../core/bytes/batches.ts';
import { fillMessage, readFillMessage } from '../../core/mirror/fills/fill-message.ts';
import type { FillJob, FillOutcome, FillQueue } from '../../core/ports/fill-queue.ts';

/** What Queues takes in one call, with room for what it adds to each message. */
const mostOfBatch = { items: 100, bytes: 200_000 };

/** The longest delay, in seconds: Queues takes a day at most, and once took half of it. */
const longestDelay = 43_200;

/** The fills to be made, in a queue of Cloudflare: it hands them out until one is acknowledged. */
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

/** Three bytes a character are the most that UTF-8 has; the long part, the progress, is ASCII. */
function sizeOf(message: ReturnType<typeof fillMessage>): number {
  const { length } = JSON.stringify({ ...message, progress: '' });
  return length * 3 + (message.progress?.length ?? 0);
}

/** How a batch is worked on. */
export interface WorkOptions {
  /** Where a fill that was given up is kept, with the reason; undefined: nowhere. */
  readonly givenUp?: Pick<Queue, 'send'> | undefined;
}

/**
 * Handles the messages of a batch side by side, each with the number of its delivery from 1, and
 * settles each by itself. Does not reject: a
 * message that cannot be settled is delivered again.
 */
export async function workOn(
  batch: MessageBatch,
  handle: (job: FillJob, delivery: number) => Promise<FillOutcome>,
  { givenUp }: WorkOptions = {},
): Promise<void> {
  await Promise.all(
    batch.messages.map(async (message) => {
      try {
        const read = readFillMessage(message.body);
        const outcome: FillOutcome =
          read.kind === 'job'
            ? await handle(read.job, message.attempts)
            : { ...read, kind: 'given-up' };
        await settle(message, outcome, givenUp);
      } catch {
        // With the delay of the consumer's settings.
        message.retry();
      }
    }),
  );
}

async function settle(
  message: Message,
  outcome: FillOutcome,
  givenUp: WorkOptions['givenUp'],
): Promise<void> {
  switch (outcome.kind) {
    case 'done':
      return message.ack();
    case 'retry': {
      const delaySeconds = Math.min(Math.max(0, Math.ceil(outcome.afterSeconds)), longestDelay);
      return message.retry({ delaySeconds });
    }
    case 'given-up':
      // Kept before it is acknowledged: twice among the dead is better than nowhere.
      await givenUp?.send({ reason: outcome.reason, message: message.body });
      return message.ack();
  }
}
