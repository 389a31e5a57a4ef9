import { Duration, type Stack } from 'aws-cdk-lib';
import {
  Alarm,
  type IAlarmAction,
  type IMetric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import {
  type CostSources,
  downloadedBytes,
  hourlyCost,
  redirectedBytes,
  storedBytes,
} from './cost.ts';
import type { FillQueues } from './fill-queues.ts';
import { total } from './metrics.ts';

export interface Watched {
  /** Undefined with a web function, which has no such metrics. */
  readonly pull: LambdaFunction | undefined;
  readonly fill: LambdaFunction;
  readonly queues: FillQueues;
  /** What the estimate of the cost counts. */
  readonly cost: CostSources;
  /** The mirror's `limits.storeBytes`; undefined if it has none. */
  readonly storeBytes: number | undefined;
  /** What clients may get from the bucket in an hour, in bytes. */
  readonly downloadBytes: number;
}

/** The limit of the configuration that this folder deploys by default, in bytes. */
const usualStoreBytes = 500e9;

/** The bucket holds more than the limit by what was evicted in the last hour, and by fills in progress. */
const excess = 1.2;

/** US dollars an hour: 36,000 pulls, or five fills at once all the time. */
const mostCost = 0.4;

/** In five minutes. A pull without the index makes more, and one lost connection fewer. */
const mostStoreFailures = 5;

const period = Duration.minutes(5);

/** Adds the alarms. Without an action they only change their state. */
export function addAlarms(stack: Stack, watched: Watched, action: IAlarmAction | undefined): void {
  const { pull, fill, queues, cost, storeBytes = usualStoreBytes, downloadBytes } = watched;
  const alarm = (id: string, description: string, metric: IMetric, over: number, times = 1) =>
    reaching(id, description, metric, over + 1, times);
  const reaching = (
    id: string,
    description: string,
    metric: IMetric,
    threshold: number,
    times = 1,
  ) => {
    const added = new Alarm(stack, id, {
      alarmDescription: description,
      metric,
      // The comparison is "greater than or equal to".
      threshold,
      evaluationPeriods: times,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    if (action !== undefined) added.addAlarmAction(action);
  };
  const maximum = { statistic: 'Maximum', period };
  alarm(
    'FillsGivenUp',
    'The dead-letter queue is not empty: a fill was given up. Its message says why.',
    queues.deadLetters.metricApproximateNumberOfMessagesVisible(maximum),
    0,
  );
  alarm(
    'FillLag',
    'A fill has waited for more than 15 minutes, three times in a row.',
    queues.queue.metricApproximateAgeOfOldestMessage(maximum),
    900,
    3,
  );
  alarm('FillErrors', 'The fill function failed.', fill.metricErrors({ period }), 0, 2);
  if (pull !== undefined) {
    alarm('PullErrors', 'The pull function failed.', pull.metricErrors({ period }), 0);
    alarm(
      'PullThrottles',
      'Requests were throttled: raise the reserved concurrency, or the quota of the account.',
      pull.metricThrottles({ period }),
      0,
    );
  }
  reaching(
    'IndexFailures',
    'The table, the bucket or the queue refused calls of the functions: without the index, pulls go to the registries and use up their limits. "store-failed" in the logs says why.',
    total('StoreFailures'),
    mostStoreFailures,
  );
  alarm(
    'UpstreamLimits',
    'An upstream answered 429: known images are served stale, new ones come from the upstream itself.',
    total('Upstream429'),
    0,
  );
  reaching(
    'BucketSize',
    'The bucket is a fifth larger than limits.storeBytes: eviction does not keep up, or something else writes to it.',
    storedBytes(cost.data),
    storeBytes * excess,
  );
  reaching(
    'Downloads',
    'Clients get more from the bucket in an hour than expected, which costs money where it leaves the region: see "clients" in the configuration.',
    pull === undefined ? downloadedBytes(cost.data) : redirectedBytes(),
    downloadBytes,
  );
  reaching(
    'Cost',
    'Functions, table, queue and logs cost more than 0.40 US dollars an hour, twice in a row, by list prices without storage and traffic: somebody floods the mirror, or fills it.',
    hourlyCost(cost),
    mostCost,
    2,
  );
}
