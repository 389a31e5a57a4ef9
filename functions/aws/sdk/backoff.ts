export interface Backoff {
  /** The longest pause after the first attempt, in ms. */
  readonly first: number;
  /** The factor for each further attempt; default: 4. */
  readonly growth?: number;
  /** The longest pause, in ms. */
  readonly longest?: number;
}

/** Pauses after an attempt; the first one is 1. */
export async function backOff(
  attempt: number,
  { first, growth = 4, longest = Number.POSITIVE_INFINITY }: Backoff,
): Promise<void> {
  // Full jitter, so that instances that were throttled together do not return together.
  const pause = Math.random() * Math.min(longest, first * growth ** (attempt - 1));
  await new Promise((resolve) => setTimeout(resolve, pause));
}
