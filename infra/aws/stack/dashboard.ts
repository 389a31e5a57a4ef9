import { Aws, Duration, type Stack } from 'aws-cdk-lib';
import {
  Dashboard,
  GraphWidget,
  type GraphWidgetProps,
  MathExpression,
  SingleValueWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import { type CostSources, hourlyCost, storedBytes } from './cost.ts';
import { each, period, total } from './metrics.ts';

const width = 8;
const height = 6;

function graph(title: string, props: GraphWidgetProps): GraphWidget {
  return new GraphWidget({ title, width, height, period, ...props });
}

/** Dashboards are global: stacks in two regions must not share a name. */
const dashboardName = `${Aws.STACK_NAME}-${Aws.REGION}`;

/** Adds the dashboard. */
export function addDashboard(stack: Stack, sources: CostSources): void {
  const { functions, data, queues } = sources;
  const avoided = new MathExpression({
    expression: '100 * avoided / (avoided + made)',
    usingMetrics: { avoided: total('PullsAvoided'), made: total('PullsMade') },
    label: 'Share of pulls avoided, %',
    period,
  });
  const lambdas = functions.map(({ lambda }) => lambda);
  const dashboard = new Dashboard(stack, 'Dashboard', { dashboardName });
  dashboard.addWidgets(
    graph('Answers: hits, misses, stale', { left: [each('Requests')], stacked: true }),
    graph('Pulls avoided and made', {
      left: [total('PullsAvoided'), total('PullsMade')],
      right: [avoided],
      rightYAxis: { min: 0, max: 100 },
    }),
    graph('Rate limit left', { left: [each('RateLimitRemaining', 'Minimum')] }),
    graph('Upstreams answered 429', { left: [each('Upstream429'), total('Upstream429')] }),
    graph('Pulls refused: no pulls left upstream', { left: [each('PullsRefused')] }),
    graph('Requests over a limit of "clients"', {
      left: [each('ClientsLimited')],
    }),
    graph('Fill lag: age of the oldest message, s', {
      left: [queues.queue.metricApproximateAgeOfOldestMessage({ statistic: 'Maximum', period })],
      right: [
        queues.queue.metricApproximateNumberOfMessagesVisible({ statistic: 'Maximum', period }),
      ],
    }),
    graph('Fills', {
      left: [total('FillBytes')],
      right: [
        total('FillFailures'),
        queues.deadLetters.metricApproximateNumberOfMessagesVisible({
          statistic: 'Maximum',
          period,
          label: 'Given up',
        }),
      ],
    }),
    graph('Errors and throttles', {
      left: lambdas.flatMap((lambda) => [
        lambda.metricErrors({ period }),
        lambda.metricThrottles({ period }),
      ]),
      right: [total('StoreFailures')],
    }),
    graph('Duration, ms', {
      left: lambdas.flatMap((lambda) =>
        ['p50', 'p99'].map((statistic) => lambda.metricDuration({ statistic, period })),
      ),
    }),
    graph('Estimated cost without storage and traffic', {
      left: [hourlyCost(sources)],
      period: Duration.hours(1),
    }),
    new SingleValueWidget({
      title: 'Stored',
      width,
      height: 3,
      metrics: [storedBytes(data).with({ label: 'Bytes stored' })],
    }),
  );
}
