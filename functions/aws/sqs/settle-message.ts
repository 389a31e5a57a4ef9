import type { FillOutcome } from '../../core/ports/fill-queue.ts';
import type { ReceivedMessage, SqsQueue } from './queue.ts';

/** Where a message came from, and where it goes when nobody can handle it. */
export interface FillQueues {
  readonly queue: SqsQueue;
  /** Undefined: what is given up is only told, not kept. */
  readonly deadLetters: SqsQueue | undefined;
}

/** Does with a message what became of its job. Rejects when a queue fails: it then comes again. */
export async function settleMessage(
  { queue, deadLetters }: FillQueues,
  message: ReceivedMessage,
  outcome: FillOutcome,
): Promise<void> {
  switch (outcome.kind) {
    case 'done':
      return queue.remove(message);
    case 'retry':
      return queue.hide(message, outcome.afterSeconds);
    case 'given-up':
      // Kept before it is removed: twice among the dead is better than nowhere.
      await deadLetters?.sendGivenUp(message.body, outcome.reason);
      return queue.remove(message);
  }
}
