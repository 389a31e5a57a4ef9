/** So many puts of a blob in a row may pause without one more part. */
const mostInARow = 3;

/**
 * Counts one more put that pauses without one more part than the put before it had; `before` is how
 * many did so in a row. Throws when those are too many: a queue counts failures, where it would hand
 * on pauses for ever.
 */
export function oneMoreFruitless(before: number): number {
  if (before < mostInARow) return before + 1;
  throw new Error('the source is too slow: the time was up before one more part had come');
}
