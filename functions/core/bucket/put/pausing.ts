/** A longer timer than this fires at once. */
const longestTimer = 2 ** 31 - 1;

/** When a put has to come to an end. */
export interface Pausing {
  readonly pause: AbortSignal;
  /** In ms. */
  timeLeft(): number;
  /** Ends its timer. */
  clear(): void;
}

/** A signal that is aborted at `pauseAt`, in ms since 1970, or never. */
export function pausing(pauseAt: number | undefined, now: () => number): Pausing {
  const controller = new AbortController();
  const pause = controller.signal;
  const timeLeft = () => Math.max(0, (pauseAt ?? Number.POSITIVE_INFINITY) - now());
  if (pauseAt === undefined) return { pause, timeLeft, clear: () => undefined };
  const left = Math.min(timeLeft(), longestTimer);
  const timer = setTimeout(() => controller.abort(new Error('the time is up')), left);
  return { pause, timeLeft, clear: () => clearTimeout(timer) };
}
