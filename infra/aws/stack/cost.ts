import { Duration } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Data } from './data.ts';
import type { FillQueues } from './fill-queues.ts';
import { prices } from './prices.ts';

const hour = Duration.hours(1);

/** What the estimate is made of. */
export interface CostSources {
  /** The functions and their memory in MB. */
  readonly functions: readonly { readonly lambda: LambdaFunction; readonly memory: number }[];
  readonly data: Data;
  readonly queues: FillQueues;
  /** The groups that lines are written to; copies in other groups are not counted again. */
  readonly logs: readonly LogGroup[];
}

interface Term {
  readonly metric: IMetric;
  /** US dollars for each unit of the metric's sum over an hour. */
  readonly price: number;
}

/**
 * What the mirror costs in an hour, in US dollars, by the prices of `prices.ts`: functions, table,
 * queue and logs. Not in it: what is kept in the bucket, traffic, and the free tier.
 */
export function hourlyCost(sources: CostSources): IMetric {
  const terms = termsOf(sources);
  const usingMetrics = Object.fromEntries(terms.map(({ metric }, index) => [`m${index}`, metric]));
  const expression = terms
    .map(({ price }, index) => `FILL(m${index}, 0) * ${price.toFixed(14)}`)
    .join(' + ');
  return new MathExpression({
    expression,
    usingMetrics,
    label: `USD an hour, list prices of us-east-1 in ${prices.date}`,
    period: hour,
  });
}

function termsOf({ functions, data, queues, logs }: CostSources): Term[] {
  const sum = { period: hour, statistic: 'Sum' };
  const consumed = (metricName: string): Metric =>
    new Metric({
      namespace: 'AWS/DynamoDB',
      metricName,
      dimensionsMap: { TableName: data.table.tableName },
      ...sum,
    });
  return [
    ...functions.flatMap(({ lambda, memory }) => [
      { metric: lambda.metricInvocations(sum), price: prices.lambdaRequest },
      {
        // The metric counts milliseconds.
        metric: lambda.metricDuration(sum),
        price: (prices.lambdaGigabyteSecond * memory) / 1024 / 1000,
      },
    ]),
    { metric: consumed('ConsumedReadCapacityUnits'), price: prices.dynamodbRead },
    { metric: consumed('ConsumedWriteCapacityUnits'), price: prices.dynamodbWrite },
    { metric: queues.queue.metricNumberOfMessagesSent(sum), price: prices.sqsRequest * 3 },
    // CDK's own metric of a log group names no group: it counts those of the whole account.
    ...logs.map(({ logGroupName }) => ({
      metric: new Metric({
        namespace: 'AWS/Logs',
        metricName: 'IncomingBytes',
        dimensionsMap: { LogGroupName: logGroupName },
        ...sum,
      }),
      price: prices.logGigabyte / 1e9,
    })),
  ];
}
