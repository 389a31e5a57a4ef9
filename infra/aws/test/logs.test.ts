import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import { synthesised, webFront } from './synthesised.ts';

/** The group that a web function is given. */
function givenGroup(template: Template) {
  const [name] = Object.keys(template.findResources('AWS::Logs::LogGroup')).filter((id) =>
    /^PullLogs[0-9A-F]{8}$/.test(id),
  );
  return { Ref: name ?? '' };
}

test("a web function's lines end after the days that were asked for, where it writes them too", () => {
  const web = synthesised({ front: webFront() });
  // The third is of CDK's own function, which copies the code.
  web.hasResource('AWS::Logs::LogGroup', {
    DeletionPolicy: 'Delete',
    Properties: {
      LogGroupName: { 'Fn::Join': ['', [givenGroup(web), '.local']] },
      RetentionInDays: 30,
    },
  });
  // Lambda would make it first otherwise, and then the stack could not.
  web.hasResource('AWS::Lambda::WebFunctionRevision', {
    DependsOn: Match.arrayWith([Match.stringLikeRegexp('^PullLocalLogs')]),
  });
  const given = { LoggingConfig: { LogGroup: givenGroup(web) } };
  web.hasResourceProperties('AWS::Lambda::WebFunctionRevision', {
    ServiceConfig: Match.objectLike({ TelemetryConfig: given }),
  });
});

interface Statement {
  readonly Sid: string;
  readonly Action: readonly string[];
  readonly Resource: readonly { readonly 'Fn::Join': [string, (string | { Ref: string })[]] }[];
}

test('it may make that group and write to it in every region, and in no other group', () => {
  const web = synthesised({ front: webFront('eu-west-1', 'us-east-1') });
  const statements: Statement[] = Object.values(web.findResources('AWS::IAM::Role'))
    .flatMap(({ Properties }) => Properties.Policies ?? [])
    .flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
  const making = statements.filter(({ Action }) => Action.includes('logs:CreateLogGroup'));
  assert.deepEqual(
    making.map(({ Sid, Action }) => [Sid, Action]),
    [['LocalLogs', ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents']]],
  );
  const arns = making[0]?.Resource.map(({ 'Fn::Join': [, parts] }) =>
    parts.map((part) => (typeof part === 'string' ? part : `<${part.Ref}>`)).join(''),
  );
  const group = `<AWS::AccountId>:log-group:<${givenGroup(web).Ref}>.local*`;
  assert.deepEqual(
    arns,
    ['<AWS::Region>', 'eu-west-1', 'us-east-1'].map(
      (region) => `arn:<AWS::Partition>:logs:${region}:${group}`,
    ),
  );
});

test('behind a function URL nothing makes a log group', () => {
  assert.doesNotMatch(JSON.stringify(synthesised().toJSON()), /CreateLogGroup|\.local/);
});

test('failures of the index are counted from the log of a web function, for the alarm', () => {
  synthesised({ front: webFront() }).hasResourceProperties('AWS::Logs::MetricFilter', {
    FilterPattern: '{ $.message = "store-failed" }',
    MetricTransformations: [{ MetricName: 'StoreFailures', MetricNamespace: 'Pullfront' }],
  });
});
