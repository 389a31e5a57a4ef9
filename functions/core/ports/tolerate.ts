import type { Parts } from '../mirror/context.ts';
import { StoreBusy } from './store-busy.ts';

/**
 * The result of a store's operation, or undefined when the store failed: a broken index or bucket
 * costs an upstream request, not a pull.
 */
export async function goOnWithout<Result>(
  parts: Pick<Parts, 'runtime'>,
  operation: string,
  work: Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await work;
  } catch (error) {
    parts.runtime.observe({
      kind: 'store-failed',
      operation,
      reason: reasonOf(error),
    });
    return undefined;
  }
}

/** The same; where undefined is a result as well, `failed` says that the store failed. */
export async function orFailed<Result>(
  parts: Pick<Parts, 'runtime'>,
  operation: string,
  work: Promise<Result>,
): Promise<Result | 'failed'> {
  const outcome = await goOnWithout(
    parts,
    operation,
    work.then((result) => ({ result })),
  );
  return outcome === undefined ? 'failed' : outcome.result;
}

/** The same for a read; `busy` says that the store may answer it a moment later. */
export async function orBusy<Result>(
  parts: Pick<Parts, 'runtime'>,
  operation: string,
  reading: Promise<Result>,
): Promise<Result | 'busy' | undefined> {
  let isBusy = false;
  const noted = reading.catch((error: unknown) => {
    isBusy = error instanceof StoreBusy;
    throw error;
  });
  const result = await goOnWithout(parts, operation, noted);
  return isBusy ? 'busy' : result;
}

/** What an error says of itself, for a log or a queue. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
