import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Template } from 'aws-cdk-lib/assertions';
import { parse } from 'yaml';
import { plainTemplate } from '../stack/plain-template.ts';
import { synthesised } from './synthesised.ts';

const file = fileURLToPath(new URL('../template.yaml', import.meta.url));
const yaml = readFileSync(file, 'utf8');
const template = Template.fromJSON(parse(yaml));

test('it is what the stack would be now', () => {
  assert.equal(yaml, plainTemplate(), 'npm run template:aws writes it anew');
});

test('it fits into a request of CloudFormation, and needs neither CDK nor a bootstrap', () => {
  assert.ok(Buffer.byteLength(yaml) <= 51_200);
  assert.doesNotMatch(yaml, /cdk-|BootstrapVersion|CDKMetadata/);
});

test('it has the resources that CDK deploys', () => {
  const typesOf = (one: Template) =>
    Object.values(one.toJSON().Resources)
      .map((resource) => (resource as { Type: string }).Type)
      .sort();
  const hub = { username: 'me', secret: 'hub' };
  const budget = { dollars: 50, topic: undefined };
  assert.deepEqual(typesOf(template), typesOf(synthesised({ hub, secrets: ['hub'], budget })));
});

test('a secret, a topic, reserved concurrency and protection may be left out', () => {
  template.hasResource('AWS::IAM::Policy', { Condition: 'HasHubSecret' });
  template.allResourcesProperties('AWS::CloudWatch::Alarm', {
    AlarmActions: [
      { 'Fn::If': ['HasAlarmTopic', { Ref: 'AlarmTopicArn' }, { Ref: 'AWS::NoValue' }] },
    ],
  });
  for (const name of ['PullConcurrency', 'FillConcurrency']) {
    template.hasResourceProperties('AWS::Lambda::Function', {
      ReservedConcurrentExecutions: {
        'Fn::If': ['Reserves', { Ref: name }, { Ref: 'AWS::NoValue' }],
      },
    });
  }
  template.hasResourceProperties('AWS::DynamoDB::Table', {
    DeletionProtectionEnabled: { 'Fn::If': ['Protects', true, false] },
  });
  const { Parameters } = template.toJSON();
  // What a new account can deploy.
  assert.equal(Parameters.PullConcurrency.Default, 0);
  assert.equal(Parameters.DeletionProtection.Default, 'false');
  const needed = Object.entries(Parameters)
    .filter(([, parameter]) => (parameter as { Default?: unknown }).Default === undefined)
    .map(([name]) => name);
  assert.deepEqual(needed, ['CodeBucket', 'PullCodeKey', 'FillCodeKey']);
});

const lint = spawnSync('cfn-lint', ['--version'], { encoding: 'utf8' });

test('cfn-lint has nothing against it', {
  skip: lint.status === 0 ? false : 'cfn-lint is not installed',
}, () => {
  // W3005: CDK makes a function wait for its role although it names the role anyway.
  const args = ['--ignore-checks', 'W3005', '--', file];
  const { stdout, stderr, status } = spawnSync('cfn-lint', args, { encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
});
