import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Match } from 'aws-cdk-lib/assertions';
import { synthesised, webFront } from './synthesised.ts';

const template = synthesised();

test('a URL without login has both permissions that it needs', () => {
  template.hasResourceProperties('AWS::Lambda::Url', { AuthType: 'NONE', InvokeMode: 'BUFFERED' });
  const target = { 'Fn::GetAtt': [Match.stringLikeRegexp('^Pull'), 'Arn'] };
  template.hasResourceProperties('AWS::Lambda::Permission', {
    Action: 'lambda:InvokeFunctionUrl',
    FunctionName: target,
    FunctionUrlAuthType: 'NONE',
    Principal: '*',
  });
  template.hasResourceProperties('AWS::Lambda::Permission', {
    Action: 'lambda:InvokeFunction',
    FunctionName: target,
    InvokedViaFunctionUrl: true,
    Principal: '*',
  });
  template.resourceCountIs('AWS::Lambda::Permission', 2);
});

test('both functions are arm64 on nodejs24.x, reserved, and told where everything is', () => {
  const lambdas = Object.values(template.findResources('AWS::Lambda::Function'));
  assert.equal(lambdas.length, 2);
  for (const [at, { Properties }] of lambdas.entries()) {
    assert.deepEqual(Properties.Architectures, ['arm64']);
    assert.equal(Properties.Runtime, 'nodejs24.x');
    assert.equal(Properties.Handler, 'index.handler');
    const names = Object.keys(Properties.Environment.Variables);
    assert.deepEqual(names, [
      'PULLFRONT_STORE',
      'PULLFRONT_AWS_TABLE',
      'PULLFRONT_AWS_BUCKET',
      'PULLFRONT_AWS_QUEUE',
      'PULLFRONT_AWS_DEAD_LETTER_QUEUE',
      'PULLFRONT_AWS_DUAL_STACK',
      ...(at === 1 ? ['PULLFRONT_AWS_FILL_CONCURRENCY'] : []),
    ]);
  }
  const [, fill] = lambdas;
  assert.equal(fill?.Properties.Environment.Variables.PULLFRONT_AWS_FILL_CONCURRENCY, '10');
  assert.deepEqual(
    lambdas.map(({ Properties }) => Properties.ReservedConcurrentExecutions),
    [100, 10],
  );
});

test('nothing is reserved where nothing is asked for', () => {
  const unreserved = synthesised({ pullReserved: undefined, fillReserved: undefined });
  unreserved.allResourcesProperties('AWS::Lambda::Function', {
    ReservedConcurrentExecutions: Match.absent(),
  });
});

test('the table is on demand, forgets by ttl, and can be restored', () => {
  template.hasResource('AWS::DynamoDB::Table', {
    // A failed first deployment must leave nothing: neither kept nor protected.
    DeletionPolicy: 'RetainExceptOnCreate',
    UpdateReplacePolicy: 'Retain',
    Properties: {
      BillingMode: 'PAY_PER_REQUEST',
      DeletionProtectionEnabled: false,
      TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    },
  });
});

test('the table can be protected', () => {
  synthesised({ deletionProtection: true }).hasResourceProperties('AWS::DynamoDB::Table', {
    DeletionProtectionEnabled: true,
  });
});

test('the bucket is private, encrypted, TLS only, kept, and has no name with a dot', () => {
  template.hasResource('AWS::S3::Bucket', {
    DeletionPolicy: 'RetainExceptOnCreate',
    UpdateReplacePolicy: 'Retain',
    Properties: {
      // CloudFormation makes one of the stack's name and hyphens.
      BucketName: Match.absent(),
      BucketEncryption: Match.anyValue(),
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      LifecycleConfiguration: {
        Rules: [
          Match.objectLike({
            AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
            Status: 'Enabled',
          }),
        ],
      },
    },
  });
  const deny = (condition: object) =>
    Match.objectLike({ Effect: 'Deny', Action: 's3:*', Condition: condition });
  template.hasResourceProperties('AWS::S3::BucketPolicy', {
    PolicyDocument: {
      Statement: [
        deny({ Bool: { 'aws:SecureTransport': 'false' } }),
        deny({ NumericLessThan: { 's3:TlsVersion': 1.2 } }),
      ],
    },
  });
});

test('data goes with the stack only where that is asked for', () => {
  const removed = synthesised({ removeData: true });
  removed.hasResource('AWS::DynamoDB::Table', { DeletionPolicy: 'Delete' });
  removed.hasResource('AWS::S3::Bucket', { DeletionPolicy: 'Delete' });
});

test('a message outlasts the fill function, and lands with the dead letters in the end', () => {
  const [fill] = Object.values(
    template.findResources('AWS::Lambda::Function', { Properties: { Timeout: 900 } }),
  );
  const [queue] = Object.values(
    template.findResources('AWS::SQS::Queue', { Properties: { RedrivePolicy: Match.anyValue() } }),
  );
  assert.ok(queue?.Properties.VisibilityTimeout > fill?.Properties.Timeout);
  assert.equal(queue?.Properties.RedrivePolicy.maxReceiveCount, 20);
  template.allResourcesProperties('AWS::SQS::Queue', { SqsManagedSseEnabled: true });
  template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
    BatchSize: 1,
    FunctionResponseTypes: ['ReportBatchItemFailures'],
    ScalingConfig: { MaximumConcurrency: 10 },
  });
  template.hasResourceProperties('AWS::Lambda::Function', { Timeout: 900, RecursiveLoop: 'Allow' });
});

test('logs end after the days that were asked for', () => {
  template.resourceCountIs('AWS::Logs::LogGroup', 2);
  template.allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: 30 });
});

test('a web function takes the place of the function URL', () => {
  const web = synthesised({ front: webFront() });
  web.resourceCountIs('AWS::Lambda::Url', 0);
  web.hasResourceProperties('AWS::Lambda::WebFunctionEndpoint', {
    AuthType: 'ApplicationManaged',
    EndpointType: 'HomeRegion',
    ScalingConfig: { MaxEnvironments: 10 },
  });
  web.hasResourceProperties('AWS::Lambda::WebFunctionRevision', {
    BuildConfig: { RuntimeConfig: { Runtime: 'nodejs24.x' } },
    ServiceConfig: {
      ExecutionRoleArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^PullRole'), 'Arn'] },
      EnvironmentVariables: Match.objectLike({ PULLFRONT_STORE: 'aws' }),
    },
  });
  const several = synthesised({ front: webFront('eu-west-1') });
  several.hasResourceProperties('AWS::Lambda::WebFunctionEndpoint', {
    EndpointType: 'MultiRegion',
    Regions: ['eu-west-1'],
  });
});
