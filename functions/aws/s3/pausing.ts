/** A longer timer than this fires at once. */
const longestTimer = 2 ** 31 - 1;

/** A signal that is aborted at `pauseAt`, in ms since 1970, or never; `clear` ends its timer. */
export function pausing(
  pauseAt: number | undefined,
  now: () => number,
): { readonly pause: AbortSignal; clear(): void } {
  const controller = new AbortController();
  if (pauseAt === undefined) return { pause: controller.signal, clear: () => undefined };
  const left = Math.min(Math.max(0, pauseAt - now()), longestTimer);
  const timer = setTimeout(() => controller.abort(new Error('the time is up')), left);
  return { pause: controller.signal, clear: () => clearTimeout(timer) };
}
