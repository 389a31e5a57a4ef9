import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseOptions, reservedConcurrency } from '../stack/options.ts';

test('everything has a default', () => {
  assert.deepEqual(parseOptions({ '@aws-cdk/core:flag': true, 'cli-telemetry': false }), {
    ok: {
      name: 'pullfront',
      compute: 'function-url',
      config: 'pullfront.json',
      dualStack: false,
      pullConcurrency: 0,
      fillConcurrency: 5,
      logRetentionDays: 30,
      removeData: false,
      deletionProtection: false,
      hubUsername: undefined,
      hubSecret: undefined,
      alarmTopic: undefined,
      downloadAlarm: 100,
      monthlyBudget: 50,
      regions: [],
    },
  });
});

test('texts of a command line are understood', () => {
  const parsed = parseOptions({
    name: 'mirror-2',
    compute: 'web-function',
    dualStack: 'true',
    pullConcurrency: '0',
    fillConcurrency: '4',
    logRetentionDays: '7',
    removeData: 'true',
    hubUsername: 'me',
    hubSecret: 'hub',
    alarmTopic: 'arn:aws:sns:eu-central-1:1:alarms',
    regions: 'eu-west-1,us-east-1',
  });
  assert.ok('ok' in parsed);
  const { name, compute, dualStack, pullConcurrency, regions, logRetentionDays } = parsed.ok;
  assert.deepEqual(
    [name, compute, dualStack, pullConcurrency, logRetentionDays, regions],
    ['mirror-2', 'web-function', true, 0, 7, ['eu-west-1', 'us-east-1']],
  );
});

test('a new account deploys as it is: nothing is reserved unless that is asked for', () => {
  const reservedBy = (context: Record<string, string>) => {
    const parsed = parseOptions(context);
    assert.ok('ok' in parsed);
    return reservedConcurrency(parsed.ok);
  };
  assert.deepEqual(reservedBy({}), { pullReserved: undefined, fillReserved: undefined });
  assert.deepEqual(reservedBy({ fillConcurrency: '20' }), reservedBy({}));
  assert.deepEqual(reservedBy({ pullConcurrency: '100', fillConcurrency: '10' }), {
    pullReserved: 100,
    fillReserved: 10,
  });
});

test('all mistakes come at once', () => {
  const parsed = parseOptions({
    name: 'My.Mirror',
    compute: 'webfunction',
    dualStack: 'yes',
    fillConcurrency: '1',
    logRetentionDays: '8',
    removeData: 'true',
    deletionProtection: 'true',
    hubUsername: 'me',
    alarmTopic: 'alarms',
    regions: 'eu-west-1',
    retainData: 'true',
  });
  assert.ok('problems' in parsed);
  const about = parsed.problems.map((problem) => problem.split(':')[0]);
  assert.deepEqual(about, [
    'name',
    'compute',
    'dualStack',
    'fillConcurrency',
    'logRetentionDays',
    'alarmTopic',
    'hubUsername and hubSecret',
    'removeData and deletionProtection',
    'regions',
    'unknown option "retainData"; the options are name, compute, config, dualStack, pullConcurrency, fillConcurrency, logRetentionDays, removeData, deletionProtection, hubUsername, hubSecret, alarmTopic, downloadAlarm, monthlyBudget, regions',
  ]);
});
