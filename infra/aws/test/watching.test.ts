import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Match } from 'aws-cdk-lib/assertions';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { synthesised, webFront } from './synthesised.ts';

const template = synthesised();

test('there is an alarm for each thing that needs somebody', () => {
  const alarms = Object.values(template.findResources('AWS::CloudWatch::Alarm')).map(
    ({ Properties }) => [
      `${Properties.Namespace} ${Properties.MetricName}`,
      Properties.Threshold,
      Properties.TreatMissingData,
    ],
  );
  assert.deepEqual(alarms, [
    ['AWS/SQS ApproximateNumberOfMessagesVisible', 1, 'notBreaching'],
    ['AWS/SQS ApproximateAgeOfOldestMessage', 901, 'notBreaching'],
    ['AWS/Lambda Errors', 1, 'notBreaching'],
    ['AWS/Lambda Errors', 1, 'notBreaching'],
    ['AWS/Lambda Throttles', 1, 'notBreaching'],
    ['Pullfront StoreFailures', 5, 'notBreaching'],
    ['Pullfront Upstream429', 1, 'notBreaching'],
    ['AWS/S3 BucketSizeBytes', 600e9, 'notBreaching'],
    ['Pullfront RedirectedBytes', 100e9, 'notBreaching'],
    // The cost is computed from several metrics.
    ['undefined undefined', 0.4, 'notBreaching'],
  ]);
});

test('the alarm on the size of the bucket follows the limit of the store', () => {
  synthesised({ storeBytes: 50e9 }).hasResourceProperties('AWS::CloudWatch::Alarm', {
    MetricName: 'BucketSizeBytes',
    Threshold: 60e9,
  });
});

test('the alarm on downloads counts URLs of the pull function, and the bytes that S3 sent elsewhere', () => {
  template.hasResourceProperties('AWS::CloudWatch::Alarm', {
    MetricName: 'RedirectedBytes',
    Statistic: 'Sum',
    Period: 3600,
  });
  template.hasResourceProperties('AWS::S3::Bucket', { MetricsConfigurations: Match.absent() });
  const web = synthesised({ front: webFront(), downloadBytes: 5e9 });
  web.hasResourceProperties('AWS::S3::Bucket', { MetricsConfigurations: [{ Id: 'All' }] });
  web.hasResourceProperties('AWS::CloudWatch::Alarm', {
    MetricName: 'BytesDownloaded',
    Threshold: 5e9,
    Dimensions: [{ Name: 'BucketName' }, { Name: 'FilterId', Value: 'All' }],
  });
});

test('a budget limits the month, and tells a topic where one is named', () => {
  template.resourceCountIs('AWS::Budgets::Budget', 0);
  const limit = { BudgetLimit: { Amount: 70, Unit: 'USD' }, TimeUnit: 'MONTHLY' };
  synthesised({ budget: { dollars: 70, topic: undefined } }).hasResourceProperties(
    'AWS::Budgets::Budget',
    { Budget: limit, NotificationsWithSubscribers: Match.absent() },
  );
  const topic = 'arn:aws:sns:eu-central-1:1:alarms';
  const subscriber = { SubscriptionType: 'SNS', Address: topic };
  synthesised({ budget: { dollars: 70, topic } }).hasResourceProperties('AWS::Budgets::Budget', {
    Budget: limit,
    NotificationsWithSubscribers: [
      { Notification: { NotificationType: 'ACTUAL', Threshold: 80 }, Subscribers: [subscriber] },
      {
        Notification: { NotificationType: 'FORECASTED', Threshold: 100 },
        Subscribers: [subscriber],
      },
    ],
  });
});

test('the alarm on the cost has no more metrics than CloudWatch allows', () => {
  const alarms = Object.values(template.findResources('AWS::CloudWatch::Alarm'));
  const [cost] = alarms.filter(({ Properties }) => Properties.Metrics !== undefined);
  const metrics: { Expression?: string }[] = cost?.Properties.Metrics;
  assert.ok(metrics.filter(({ Expression }) => Expression === undefined).length <= 10);
});

test('alarms go to a topic where one is named', () => {
  const arn = 'arn:aws:sns:eu-central-1:1:alarms';
  const told = synthesised({
    alarmAction: (stack) => new SnsAction(Topic.fromTopicArn(stack, 'AlarmTopic', arn)),
  });
  told.allResourcesProperties('AWS::CloudWatch::Alarm', { AlarmActions: [arn] });
});

test('the dashboard shows hits, misses, stale, limits, lag, pulls avoided and cost', () => {
  const [dashboard] = Object.values(template.findResources('AWS::CloudWatch::Dashboard'));
  const body = JSON.stringify(dashboard?.Properties.DashboardBody);
  for (const shown of [
    '{Pullfront,cache,kind} MetricName',
    '{Pullfront,registry} MetricName',
    'RateLimitRemaining',
    'Upstream429',
    'PullsRefused',
    '{Pullfront,tier,limit,outcome} MetricName',
    'ClientsLimited',
    'ApproximateAgeOfOldestMessage',
    'PullsAvoided',
    'BucketSizeBytes',
    'ConsumedWriteCapacityUnits',
    'USD per hour',
  ]) {
    assert.ok(body.includes(shown), `${shown} is not on the dashboard`);
  }
  // CloudWatch reads no exponents.
  assert.doesNotMatch(body, /\de-\d/);
});

/** The ids of the log groups whose bytes are in the estimate. */
function countedLogs(choices: Parameters<typeof synthesised>[0] = {}): string[] {
  const [dashboard] = Object.values(
    synthesised(choices).findResources('AWS::CloudWatch::Dashboard'),
  );
  const parts: (string | { Ref?: string })[] = dashboard?.Properties.DashboardBody['Fn::Join'][1];
  const body = parts.map((part) => (typeof part === 'string' ? part : `<${part.Ref}>`)).join('');
  const widgets: { properties: { metrics: unknown[][] } }[] = JSON.parse(body).widgets;
  return widgets
    .flatMap(({ properties }) => properties.metrics)
    .filter(([namespace]) => namespace === 'AWS/Logs')
    .map(([, metric, dimension, group]) => {
      assert.deepEqual([metric, dimension], ['IncomingBytes', 'LogGroupName']);
      return String(group).replace(/[0-9A-F]{8}/, '');
    });
}

test("the estimate counts the stack's own log groups, each line once", () => {
  assert.deepEqual(countedLogs(), ['<PullLogs>', '<FillLogs>']);
  assert.deepEqual(countedLogs({ front: webFront() }), ['<PullLocalLogs>', '<FillLogs>']);
});
