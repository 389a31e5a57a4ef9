/** One side of a race. Rejects when it has no good answer; the signal cancels it. */
export type Side<Result> = (signal: AbortSignal) => Promise<Result>;

/** The winner, or the errors of both sides. */
export type RaceEnd<Result> =
  | { readonly winner: 'first' | 'second'; readonly value: Result; readonly lateFirst: boolean }
  | { readonly winner: undefined; readonly errors: { first: unknown; second: unknown } };

/**
 * Starts `second` when `first` failed, or has not answered after `wait` ms (never if undefined). The
 * first good answer wins: the other side is cancelled, and `drop` gets its answer if it has one anyway.
 */
export async function race<Result>(
  first: Side<Result>,
  second: Side<Result>,
  wait: number | undefined,
  drop: (unused: Result) => void,
): Promise<RaceEnd<Result>> {
  const aborts = { first: new AbortController(), second: new AbortController() };
  const errors: { first: unknown; second: unknown } = { first: undefined, second: undefined };
  let isOver = false;
  let running = 0;
  let hasSecond = false;
  return new Promise((resolve) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const run = async (name: 'first' | 'second', side: Side<Result>) => {
      running += 1;
      try {
        const value = await side(aborts[name].signal);
        if (isOver) return drop(value);
        isOver = true;
        clearTimeout(timer);
        const lateFirst = name === 'second' && running > 1;
        aborts[name === 'first' ? 'second' : 'first'].abort();
        resolve({ winner: name, value, lateFirst });
      } catch (error) {
        errors[name] = error;
        running -= 1;
        if (isOver) return;
        if (!hasSecond) return startSecond();
        if (running > 0) return;
        isOver = true;
        resolve({ winner: undefined, errors });
      }
    };
    const startSecond = () => {
      if (hasSecond || isOver) return;
      hasSecond = true;
      clearTimeout(timer);
      void run('second', second);
    };
    if (wait !== undefined && wait > 0) timer = setTimeout(startSecond, wait);
    void run('first', first);
    if (wait === 0) startSecond();
  });
}
