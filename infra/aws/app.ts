import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { App } from 'aws-cdk-lib';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Code, WebFunctionCode } from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { assembleFunction, assembleWebFunction } from './stack/code.ts';
import { checkMirrorConfig } from './stack/mirror-config.ts';
import { parseOptions, reservedConcurrency, type StackOptions } from './stack/options.ts';
import { type Front, makeStack } from './stack/pullfront-stack.ts';

// The app of `cdk synth` and `cdk deploy`: options in, one stack out.

const app = new App();

const parsed = parseOptions(app.node.getAllContext());
if ('problems' in parsed) fail(`the options have mistakes:\n  ${parsed.problems.join('\n  ')}`);
const options = parsed.ok;
const { hubUsername, hubSecret, alarmTopic, downloadAlarm, monthlyBudget } = options;
const hub =
  hubUsername === undefined || hubSecret === undefined
    ? undefined
    : { username: hubUsername, secret: hubSecret };
const config = resolve(fileURLToPath(new URL('.', import.meta.url)), options.config);
const checked = checkMirrorConfig(config, hub);
if ('problem' in checked) fail(checked.problem);
const { secrets, ecr, resolved, storeBytes } = checked;

makeStack(app, options.name, {
  ...options,
  ...reservedConcurrency(options),
  front: await frontOf(options),
  fillCode: Code.fromAsset(assembleFunction('fill', resolved)),
  hub,
  storeBytes,
  downloadBytes: downloadAlarm * 1e9,
  budget: monthlyBudget === 0 ? undefined : { dollars: monthlyBudget, topic: alarmTopic },
  secrets,
  secretsCondition: undefined,
  ecr,
  alarmAction:
    alarmTopic === undefined
      ? undefined
      : (stack) => new SnsAction(Topic.fromTopicArn(stack, 'AlarmTopic', alarmTopic)),
});

async function frontOf({ compute, regions }: StackOptions): Promise<Front> {
  if (compute === 'function-url') {
    return { kind: compute, code: Code.fromAsset(assembleFunction('pull', resolved)) };
  }
  const folder = await assembleWebFunction(config);
  return { kind: compute, code: WebFunctionCode.fromAssetToManagedBucket(folder), regions };
}

function fail(reason: string): never {
  console.error(`pullfront: ${reason}`);
  process.exit(2);
}
