import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Code, WebFunctionCode } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { noEcr } from '../stack/ecr.ts';
import { type Front, makeStack, type StackParts } from '../stack/pullfront-stack.ts';

/** Code that is in some bucket already, so that a test needs no build. */
function codeAt(key: string): Code {
  const bucket = Bucket.fromBucketName(new Stack(new App(), 'other'), 'Code', 'code-of-a-test');
  return Code.fromBucketV2(bucket, key);
}

/** A web function in the place of the function URL, in these further regions as well. */
export function webFront(...regions: string[]): Extract<Front, { kind: 'web-function' }> {
  const folder = new URL('../web', import.meta.url).pathname;
  return { kind: 'web-function', code: WebFunctionCode.fromAssetToManagedBucket(folder), regions };
}

/** A stack with these choices, for tests that change the app around it. */
export function stackOf(app: App, choices: Partial<StackParts> = {}): Stack {
  return makeStack(app, 'pullfront', {
    front: { kind: 'function-url', code: codeAt('pull.zip') },
    fillCode: codeAt('fill.zip'),
    dualStack: false,
    pullReserved: 100,
    fillReserved: 10,
    fillConcurrency: 10,
    logRetentionDays: RetentionDays.ONE_MONTH,
    removeData: false,
    deletionProtection: false,
    hub: undefined,
    storeBytes: undefined,
    downloadBytes: 100e9,
    budget: undefined,
    secrets: [],
    secretsCondition: undefined,
    ecr: noEcr,
    alarmAction: undefined,
    ...choices,
  });
}

/** The template of a stack with these choices. */
export function synthesised(choices: Partial<StackParts> = {}): Template {
  return Template.fromStack(stackOf(new App(), choices));
}
