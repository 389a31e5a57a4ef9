/** How much a line matters. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** The least level that is written; `silent` writes nothing. */
export type LeastLevel = LogLevel | 'silent';

/** What a line says besides its message; undefined fields are left out. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where the mirror writes what happens. No line holds a secret. */
export interface Log {
  /** False where a line of this level would not be written, so that nobody has to make one. */
  passes(level: LogLevel): boolean;
  event(level: LogLevel, message: string, fields?: LogFields): void;
}

const ranks: Readonly<Record<LeastLevel, number>> = {
  debug: 0,
  info: 1,
  warn: 2,
  error: 3,
  silent: 4,
};

/** Tells which lines are written where `least` is the least level. */
export function passing(least: LeastLevel): Log['passes'] {
  return (level) => ranks[level] >= ranks[least];
}

/**
 * A log of JSON lines, which have the same form on every platform: `level`, `time` (ISO 8601),
 * `message`, then the fields. `write` takes whole lines without their end; `now` is in ms since 1970.
 */
export function jsonLog(least: LeastLevel, write: (line: string) => void, now: () => number): Log {
  const passes = passing(least);
  return {
    passes,
    event(level, message, fields) {
      if (!passes(level)) return;
      write(JSON.stringify({ level, time: timestamp(now()), message, ...fields }));
    },
  };
}

let stamped = Number.NaN;
let stamp = '';

/** Made anew only when the time changed, as many lines share a millisecond. */
function timestamp(now: number): string {
  if (now !== stamped) {
    stamped = now;
    stamp = new Date(now).toISOString();
  }
  return stamp;
}

/** What an unexpected error says of itself: where it came from matters more than a short line. */
export function errorText(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
