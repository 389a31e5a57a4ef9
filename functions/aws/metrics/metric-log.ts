import {
  jsonLog,
  type LeastLevel,
  type Log,
  type LogFields,
  type LogLevel,
} from '../../core/observe/log.ts';

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

/**
 * The metrics that are written into the log, from where CloudWatch takes them ("Embedded metric
 * format"), and what each is counted by. infra/aws shows them on its dashboard.
 */
const metrics = {
  Requests: { unit: 'Count', by: ['cache', 'kind'] },
  PullsAvoided: { unit: 'Count', by: [] },
  PullsMade: { unit: 'Count', by: [] },
  Upstream429: { unit: 'Count', by: ['registry'] },
  RateLimitRemaining: { unit: 'Count', by: ['registry'] },
  FillBytes: { unit: 'Bytes', by: [] },
  FillFailures: { unit: 'Count', by: [] },
  StoreFailures: { unit: 'Count', by: [] },
} as const;

/** The name of a metric. */
type MetricName = keyof typeof metrics;

/** A metric's value with what it is counted by: `{ registry: 'docker.io' }`. */
export interface Measured {
  readonly name: MetricName;
  readonly value: number;
  readonly by?: Readonly<Record<string, string>>;
}

/** The namespace of all metrics. */
const namespace = 'Pullfront';

/**
 * The fields which make a line of the log carry these metrics. All of a line that are counted by
 * the same thing have the same value there. Each is counted by nothing as well, for alarms.
 */
export function metricFields(measured: readonly Measured[], now: number): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  const directives = measured.map(({ name, value, by }) => {
    const { unit, by: dimensions } = metrics[name];
    Object.assign(fields, by, { [name]: value });
    return {
      Namespace: namespace,
      Dimensions: dimensions.length === 0 ? [[]] : [dimensions, []],
      Metrics: [{ Name: name, Unit: unit }],
    };
  });
  return { ...fields, _aws: { Timestamp: now, CloudWatchMetrics: directives } };
}
