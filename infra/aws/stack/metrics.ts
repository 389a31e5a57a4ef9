import { Duration } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { type MetricName, metrics, namespace } from '../../../functions/aws/metrics/metric-log.ts';

export const period = Duration.minutes(5);

/** One of the mirror's own metrics, without dimensions. Mirrors in one account and region share it. */
export function total(metricName: MetricName, statistic = 'Sum'): Metric {
  return new Metric({ namespace, metricName, statistic, period });
}

/** One line per combination of the metric's dimensions, which SEARCH finds. */
export function each(metricName: MetricName, statistic = 'Sum', label = ''): IMetric {
  const dimensions = metrics[metricName].by.join(',');
  return new MathExpression({
    expression: `SEARCH('{${namespace},${dimensions}} MetricName="${metricName}"', '${statistic}', ${period.toSeconds()})`,
    label,
    usingMetrics: {},
    period,
  });
}
