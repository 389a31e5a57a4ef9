import { Duration } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';

/**
 * The metrics that the functions write into their logs in CloudWatch's embedded metric format.
 * Each is written with the sets of dimensions that are named here and with no dimension at all:
 * an alarm needs a metric without dimensions, and a dashboard finds the others by SEARCH.
 * Two mirrors in one account and region share them.
 */
export const metricDimensions = {
  /** Requests answered; cache is hit, revalidated, miss, stale or none. */
  Requests: ['cache', 'kind'],
  /** Manifests served by GET that cost no upstream pull. */
  PullsAvoided: [],
  /** Manifest GETs sent to upstreams. */
  PullsMade: [],
  /** Answers 429 of upstreams. */
  Upstream429: ['registry'],
  /** Pulls that an upstream said are left in its window. */
  RateLimitRemaining: ['registry'],
  /** Bytes read from upstreams by fills. */
  FillBytes: [],
  /** Fills that ended without the blob being stored. */
  FillFailures: [],
  /** Calls of the table, the bucket or the queue that failed; the mirror went on without. */
  StoreFailures: [],
} as const;

/** The name of one of the mirror's own metrics. */
export type MetricName = keyof typeof metricDimensions;

export const namespace = 'Pullfront';

export const period = Duration.minutes(5);

/** One of the mirror's own metrics over all its dimensions. */
export function total(metricName: MetricName, statistic = 'Sum'): Metric {
  return new Metric({ namespace, metricName, statistic, period });
}

/** One line for each combination of the metric's dimensions. */
export function each(metricName: MetricName, statistic = 'Sum', label = ''): IMetric {
  const dimensions = metricDimensions[metricName].join(',');
  return new MathExpression({
    expression: `SEARCH('{${namespace},${dimensions}} MetricName="${metricName}"', '${statistic}', ${period.toSeconds()})`,
    label,
    usingMetrics: {},
    period,
  });
}
