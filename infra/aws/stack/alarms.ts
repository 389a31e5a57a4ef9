import { Duration, type Stack } from 'aws-cdk-lib';
import {
  Alarm,
  type IAlarmAction,
  type IMetric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { FillQueues } from './fill-queues.ts';
import { total } from './metrics.ts';

export interface Watched {
  /** Undefined with a web function, which has no such metrics. */
  readonly pull: LambdaFunction | undefined;
  readonly fill: LambdaFunction;
  readonly queues: FillQueues;
}

const period = Duration.minutes(5);

/** Adds the alarms. Without an action they only change their state. */
export function addAlarms(stack: Stack, watched: Watched, action: IAlarmAction | undefined): void {
  const { pull, fill, queues } = watched;
  const alarm = (id: string, description: string, metric: IMetric, over: number, times = 1) => {
    const added = new Alarm(stack, id, {
      alarmDescription: description,
      metric,
      // The comparison is "greater than or equal to".
      threshold: over + 1,
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
  alarm(
    'UpstreamLimits',
    'An upstream answered 429: known images are served stale, new ones come from the upstream itself.',
    total('Upstream429'),
    0,
  );
}
