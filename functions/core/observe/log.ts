export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** The lowest level that is written; `silent` writes nothing. */
export type LeastLevel = LogLevel | 'silent';

/** Further fields of a line. Undefined ones are left out. */
export type LogFields = Readonly<Record<string, unknown>>;

/** A log. Lines never contain secrets. */
export interface Log {
  /** Whether a line of this level would be written; lets callers skip building one. */
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

export function levelFilter(least: LeastLevel): Log['passes'] {
  return (level) => ranks[level] >= ranks[least];
}

/**
 * A log of JSON lines: `level`, `time` (ISO 8601), `message`, then the fields. `write` takes a line
 * without its newline; `now` is in ms since 1970.
 */
export function jsonLog(
  least: LeastLevel,
  write: (line: string, level: LogLevel) => void,
  now: () => number,
): Log {
  const passes = levelFilter(least);
  return {
    passes,
    event(level, message, fields) {
      if (!passes(level)) return;
      write(JSON.stringify({ level, time: timestamp(now()), message, ...fields }), level);
    },
  };
}

let stamped = Number.NaN;
let stamp = '';

/** Cached, because many lines share a millisecond. */
function timestamp(now: number): string {
  if (now !== stamped) {
    stamped = now;
    stamp = new Date(now).toISOString();
  }
  return stamp;
}

/** An unexpected error with its stack. */
export function errorText(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
