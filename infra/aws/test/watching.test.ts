import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { synthesised } from './synthesised.ts';

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
    ['Pullfront Upstream429', 1, 'notBreaching'],
  ]);
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
    'ApproximateAgeOfOldestMessage',
    'PullsAvoided',
    'BucketSizeBytes',
    'ConsumedWriteCapacityUnits',
    'USD an hour',
  ]) {
    assert.ok(body.includes(shown), `${shown} is not on the dashboard`);
  }
  // CloudWatch reads no exponents.
  assert.doesNotMatch(body, /\de-\d/);
});
