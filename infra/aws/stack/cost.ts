import { Duration } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Data } from './data.ts';
import type { FillQueues } from './fill-queues.ts';
import { total } from './metrics.ts';

const hour = Duration.hours(1);

/**
 * List prices in US dollars, us-east-1, as of 2026-11, for the estimate on the dashboard. Other regions
 * differ by up to a third. Without the free tier and traffic.
 */
const prices = {
  date: '2026-11',
  /** Per request of a function. */
  lambdaRequest: 0.2 / 1e6,
  /** Per GB-second of a function on arm64. */
  lambdaGigabyteSecond: 0.0000133334,
  /** Per on-demand read unit of up to 4 KB. */
  dynamodbRead: 0.125 / 1e6,
  /** Per on-demand write unit of up to 1 KB. */
  dynamodbWrite: 0.625 / 1e6,
  /** Per request; a message takes about three. */
  sqsRequest: 0.4 / 1e6,
  /** Per ingested GB. */
  logGigabyte: 0.5,
} as const;

export interface CostSources {
  /** The functions and their memory in MB. */
  readonly functions: readonly { readonly lambda: LambdaFunction; readonly memory: number }[];
  readonly data: Data;
  readonly queues: FillQueues;
  /** The groups that functions write to, without the groups that Lambda copies lines to. */
  readonly logs: readonly LogGroup[];
}

/** The size of the bucket's objects in bytes, which S3 measures once a day. */
export function storedBytes({ bucket }: Data): Metric {
  return new Metric({
    namespace: 'AWS/S3',
    metricName: 'BucketSizeBytes',
    dimensionsMap: { BucketName: bucket.bucketName, StorageType: 'StandardStorage' },
    statistic: 'Average',
    period: Duration.days(1),
  });
}

/** The blobs behind the URLs that the pull function handed out, in bytes. */
export function redirectedBytes(): Metric {
  return total('RedirectedBytes').with({ period: hour });
}

/** What clients downloaded from the bucket, in bytes. A web function measures no URLs. */
export function downloadedBytes({ bucket }: Data): Metric {
  const id = 'All';
  bucket.addMetric({ id });
  return new Metric({
    namespace: 'AWS/S3',
    metricName: 'BytesDownloaded',
    dimensionsMap: { BucketName: bucket.bucketName, FilterId: id },
    statistic: 'Sum',
    period: hour,
  });
}

interface Term {
  readonly metric: IMetric;
  /** US dollars per unit of the metric's sum over an hour. */
  readonly price: number;
}

/**
 * The mirror's cost per hour in US dollars, by `prices`: functions, table, queue and
 * logs, without storage in the bucket, traffic and the free tier.
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
    label: `USD per hour, list prices of us-east-1 in ${prices.date}`,
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
    // CDK's own metric of a log group has no dimension, and counts all groups of the account.
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
