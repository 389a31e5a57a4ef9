import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { App, Validations } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { StackParts } from '../stack/pullfront-stack.ts';
import { stackOf, webFront } from './synthesised.ts';

/** The names of the rules that a stack breaks, by cdk-nag and CDK's own validation. */
function brokenRules(
  choices: Partial<StackParts>,
  change: (stack: ReturnType<typeof stackOf>) => void = () => undefined,
): string[] {
  const outdir = mkdtempSync(join(tmpdir(), 'pullfront-nag-'));
  const { error } = console;
  console.error = () => undefined;
  try {
    const app = new App({
      outdir,
      context: { '@aws-cdk/core:validateAgainstDefaultRules': true },
    });
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    change(stackOf(app, choices));
    try {
      app.synth();
    } catch {
      // The report says why.
    }
    const report = JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8'));
    return report.pluginReports.flatMap(({ violations }: { violations: { ruleName: string }[] }) =>
      violations.map(({ ruleName }) => ruleName),
    );
  } finally {
    console.error = error;
    rmSync(outdir, { recursive: true });
  }
}

test('cdk-nag finds nothing that has no written reason', () => {
  const hub = { username: 'me', secret: 'hub' };
  assert.deepEqual(brokenRules({ hub, secrets: ['hub'] }), []);
});

test('nor with accounts at Amazon ECR', () => {
  const ecr = {
    repositories: ['arn:aws:ecr:eu-west-1:123456789012:repository/team/*'],
    isPublic: true,
    roles: ['arn:aws:iam::210987654321:role/puller'],
  };
  assert.deepEqual(brokenRules({ ecr }), []);
});

test('nor with a web function', () => {
  assert.deepEqual(brokenRules({ front: webFront('eu-west-1', 'us-east-1') }), []);
});

test('it would find a second bucket that takes plain HTTP', () => {
  const broken = brokenRules({}, (stack) => new Bucket(stack, 'Another'));
  assert.ok(broken.includes('AwsSolutions-S10'), broken.join(', '));
});
