/** The middle value; of an even number of values the lower middle one; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1] ?? Number.NaN;
}

/** The largest value; NaN of none. */
export function largest(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b), values[0] ?? Number.NaN);
}
