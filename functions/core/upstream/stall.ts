/** Watches that bytes keep coming while somebody waits for them. */
export interface StallWatch {
  /** Call before waiting for bytes. */
  waiting(): void;
  /** Call when they are there: a consumer that takes its time is no stall. */
  arrived(): void;
  /** Call at the end, whichever it is. */
  stop(): void;
}

const ticksPerLimit = 4;

/**
 * Calls `stalled` once when a wait lasts between 1 and 1.25 times `limit` milliseconds. One slow
 * timer serves the whole body: a chunk costs two assignments and no timer of its own.
 */
export function watchStall(limit: number, stalled: () => void): StallWatch {
  let timer: ReturnType<typeof setInterval> | undefined;
  let isWaiting = false;
  let ticks = 0;
  const stop = () => {
    clearInterval(timer);
    timer = undefined;
  };
  const tick = () => {
    ticks += 1;
    if (isWaiting && ticks <= ticksPerLimit) return;
    stop();
    if (isWaiting) stalled();
  };
  return {
    waiting() {
      isWaiting = true;
      ticks = 0;
      timer ??= setInterval(tick, limit / ticksPerLimit);
    },
    arrived() {
      isWaiting = false;
    },
    stop,
  };
}
