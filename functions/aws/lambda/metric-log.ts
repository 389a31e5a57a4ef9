import {
  jsonLog,
  type LeastLevel,
  type Log,
  type LogFields,
  type LogLevel,
} from '../../core/observe/log.ts';
import { type Measured, metricFields } from './embedded-metrics.ts';

/** A function's log, which CloudWatch Logs takes apart: some of its lines carry metrics. */
export interface MetricLog extends Log {
  /** A line that carries metrics: at a level that is not written only they are, without fields. */
  measure(
    measured: readonly Measured[],
    level: LogLevel,
    message: string,
    fields?: LogFields,
  ): void;
}

/**
 * Creates a function's log. `write` takes whole lines without their end; console.log would not do,
 * as Lambda's puts a time and the request's id before a line, and CloudWatch then finds no metrics
 * in it.
 */
export function createMetricLog(
  least: LeastLevel,
  write: (line: string) => void,
  now: () => number,
): MetricLog {
  const log = jsonLog(least, write, now);
  return {
    ...log,
    measure(measured, level, message, fields) {
      const metrics = metricFields(measured, now());
      if (log.passes(level)) log.event(level, message, { ...fields, ...metrics });
      else write(JSON.stringify(metrics));
    },
  };
}
