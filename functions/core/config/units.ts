const milliseconds: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A whole number and a unit: `500ms`, `30s`, `5m`, `12h`, `30d`. */
export const durationPattern = /^(\d{1,9})(ms|s|m|h|d)$/;

/** The longest wait, in ms: a timer of more than 24.8 days fires at once. */
const longestWait = 24 * 86_400_000;

/** Whether something can wait for so many ms: at least 1, at most 24 days. */
export function isWait(milliseconds: number): boolean {
  return milliseconds >= 1 && milliseconds <= longestWait;
}

/** Reads a duration that matches `durationPattern`, in ms. */
export function parseDuration(text: string): number {
  const [, count = '0', unit = 'ms'] = durationPattern.exec(text) ?? [];
  return Number(count) * (milliseconds[unit] ?? 1);
}
