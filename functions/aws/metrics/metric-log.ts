import {
  jsonLog,
  type LeastLevel,
  type Log,
  type LogFields,
  type LogLevel,
} from '../../core/observe/log.ts';

/** A function's log. CloudWatch extracts metrics from some of its lines. */
export interface MetricLog extends Log {
  /**
   * Names the invocation that writes the lines from now on, as Lambda's own lines do. Work that an earlier
   * one left behind continues in it.
   */
  of(request: string | undefined): void;
  /** Writes a line with metrics. If its level is not written, it only has the metrics. */
  measure(
    measured: readonly Measured[],
    level: LogLevel,
    message: string,
    fields?: LogFields,
  ): void;
}

/**
 * Creates a function's log. `write` takes a line without its newline. Do not use console.log: Lambda's
 * adds a time and a request id in front of the line, where CloudWatch then finds no metrics.
 */
export function createMetricLog(
  least: LeastLevel,
  write: (line: string) => void,
  now: () => number,
): MetricLog {
  const { passes, event } = jsonLog(least, write, now);
  let current: string | undefined;
  return {
    passes,
    of(request) {
      current = request;
    },
    event: (level, message, fields) => event(level, message, { ...fields, request: current }),
    measure(measured, level, message, fields) {
      const metrics = metricFields(measured, now());
      if (passes(level)) event(level, message, { ...fields, request: current, ...metrics });
      else write(JSON.stringify({ request: current, ...metrics }));
    },
  };
}

/** All metrics with their dimensions. infra/aws builds its dashboard and alarms from them. */
export const metrics = {
  /** Answered requests. `cache` is hit, revalidated, revalidating, miss, stale, kept or none. */
  Requests: { unit: 'Count', by: ['cache', 'kind'] },
  /** Manifests served to GET without an upstream pull. */
  PullsAvoided: { unit: 'Count', by: [] },
  /** Manifest GETs sent to upstreams. */
  PullsMade: { unit: 'Count', by: [] },
  /** Manifest GETs that were not sent because of an upstream's limit. */
  PullsRefused: { unit: 'Count', by: ['registry'] },
  /** Requests over a limit of `clients`, refused or warned; the tier is a network, or `anonymous`. */
  ClientsLimited: { unit: 'Count', by: ['tier', 'limit', 'outcome'] },
  /** The blobs behind the URLs of the bucket that were handed out: a URL can be used more than once, or never. */
  RedirectedBytes: { unit: 'Bytes', by: [] },
  /** 429 responses of upstreams. */
  Upstream429: { unit: 'Count', by: ['registry'] },
  /** Tags found to be gone upstream. */
  GoneTags: { unit: 'Count', by: ['registry'] },
  TagsHeld: { unit: 'Count', by: ['registry'] },
  /** Pulls left in an upstream's rate limit. */
  RateLimitRemaining: { unit: 'Count', by: ['registry'] },
  /** Bytes that fills read from upstreams. */
  FillBytes: { unit: 'Bytes', by: [] },
  /** Fills that ended without storing the blob. */
  FillFailures: { unit: 'Count', by: [] },
  /** Failed calls of the table, the bucket or the queue. */
  StoreFailures: { unit: 'Count', by: [] },
} as const;

export type MetricName = keyof typeof metrics;

/** A metric's value and dimensions: `{ registry: 'docker.io' }`. */
export interface Measured {
  readonly name: MetricName;
  readonly value: number;
  readonly by?: Readonly<Record<string, string>>;
}

export const namespace = 'Pullfront';

/**
 * The fields that make a log line carry metrics ("Embedded metric format"). Metrics of one line that
 * share a dimension must have the same value in it. Each also goes without dimensions, for alarms.
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
