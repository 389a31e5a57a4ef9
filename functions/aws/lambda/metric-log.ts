import { type Measured, metricFields } from './embedded-metrics.ts';

/** How much a line matters. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** A function's log: lines of JSON, which CloudWatch Logs takes apart. No line holds a secret. */
export interface Log {
  event(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** A line that carries metrics: it is written at every level but `silent`, then without fields. */
  measure(
    measured: readonly Measured[],
    level: LogLevel,
    message: string,
    fields?: Readonly<Record<string, unknown>>,
  ): void;
}

const ranks = { debug: 20, info: 30, warn: 40, error: 50, silent: 60 } as const;

/**
 * Opens a log. `write` takes whole lines; console.log would not do, as Lambda's puts a time and
 * the request's id before a line, and CloudWatch then finds no metrics in it.
 */
export function openLog(
  least: keyof typeof ranks,
  write: (line: string) => void,
  now: () => number,
): Log {
  const passes = (level: LogLevel) => ranks[level] >= ranks[least];
  const line = (fields: object) => write(`${JSON.stringify(fields)}\n`);
  return {
    event(level, message, fields) {
      if (passes(level)) line({ level, message, ...fields });
    },
    measure(measured, level, message, fields) {
      const shown = passes(level) ? { level, message, ...fields } : undefined;
      line({ ...shown, ...metricFields(measured, now()) });
    },
  };
}
