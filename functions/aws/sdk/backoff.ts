/** How long the pauses between attempts are. */
export interface Backoff {
  /** The longest pause after the first attempt, in ms. */
  readonly first: number;
  /** How many times as long it is after each further one; 4 when absent. */
  readonly growth?: number;
  /** No pause is longer, in ms. */
  readonly longest?: number;
}

/** Pauses after an attempt, the first of which is 1. */
export async function backOff(
  attempt: number,
  { first, growth = 4, longest = Number.POSITIVE_INFINITY }: Backoff,
): Promise<void> {
  // Full jitter: instances that were refused together do not come back together.
  const pause = Math.random() * Math.min(longest, first * growth ** (attempt - 1));
  await new Promise((resolve) => setTimeout(resolve, pause));
}
