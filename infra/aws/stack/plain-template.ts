import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  App,
  Aws,
  BootstraplessSynthesizer,
  CfnCondition,
  CfnParameter,
  type CfnParameterProps,
  Fn,
  type ICfnRuleConditionExpression,
  type IStackSynthesizer,
  Stack,
  Token,
  Validations,
} from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { stringify } from 'yaml';
import { defaultConcurrency } from './options.ts';
import { addMirror } from './pullfront-stack.ts';

const heading = `# Pullfront as plain CloudFormation, for people without CDK; infra/README.md says how to use it.
# Made by npm run template:aws from the same stack as npm run deploy:aws. Do not edit.
`;

/**
 * The template as YAML, the same at every run: the mirror behind a function URL, with its code in
 * a bucket that its parameters name.
 */
export function plainTemplate(): string {
  const outdir = mkdtempSync(join(tmpdir(), 'pullfront-template-'));
  try {
    const app = new App({
      outdir,
      analyticsReporting: false,
      context: { '@aws-cdk/core:validateAgainstDefaultRules': true },
    });
    const stack = new Stack(app, 'pullfront', {
      description: 'Pullfront, a pull-through mirror for container registries',
      // CDK's own class does not fit its own interface under exactOptionalPropertyTypes.
      synthesizer: new BootstraplessSynthesizer() as IStackSynthesizer,
    });
    fill(stack);
    Validations.of(stack).acknowledge(
      {
        id: 'CloudFormation-Validate::W1030',
        reason: 'An empty ARN of a topic is replaced by no value: see the condition HasAlarmTopic.',
      },
      {
        id: 'CloudFormation-Validate::W2509',
        reason: 'HubSecretArn names a secret and is none.',
      },
    );
    app.synth();
    const json: unknown = JSON.parse(readFileSync(join(outdir, 'pullfront.template.json'), 'utf8'));
    return heading + stringify(json, { lineWidth: 100, aliasDuplicateObjects: false });
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

function fill(stack: Stack): void {
  const text = (id: string, description: string, more: CfnParameterProps = {}) =>
    new CfnParameter(stack, id, { type: 'String', description, ...more }).valueAsString;
  const count = (id: string, description: string, fallback: number, minValue: number) =>
    new CfnParameter(stack, id, { type: 'Number', description, default: fallback, minValue })
      .valueAsNumber;
  const holds = (id: string, expression: ICfnRuleConditionExpression) =>
    new CfnCondition(stack, id, { expression });
  const optional = { default: '' };

  const code = Bucket.fromBucketName(
    stack,
    'Code',
    text('CodeBucket', 'The bucket that holds both zip files of code.'),
  );
  const codeAt = (key: string) => Code.fromBucketV2(code, key);
  const pullKey = text('PullCodeKey', 'The key of the zip file of dist/aws/pull.');
  const fillKey = text('FillCodeKey', 'The key of the zip file of dist/aws/fill.');
  const username = text('HubUsername', 'A user of Docker Hub, or nothing.', optional);
  const secret = text('HubSecretArn', "The ARN of the secret with that user's token.", optional);
  const topic = text('AlarmTopicArn', 'An SNS topic for the alarms, or nothing.', optional);
  const pull = count(
    'PullConcurrency',
    'Reserved for clients; 0 reserves nothing. A new account can reserve nothing.',
    defaultConcurrency.pull,
    0,
  );
  const fills = count(
    'FillConcurrency',
    'How many fills run at once; reserved as well, unless PullConcurrency is 0.',
    defaultConcurrency.fill,
    2,
  );
  const isProtected = text(
    'DeletionProtection',
    'Whether DynamoDB refuses to delete the table. Not at the first deployment, which could not be rolled back.',
    { default: 'false', allowedValues: ['true', 'false'] },
  );
  const logDays = new CfnParameter(stack, 'LogRetentionDays', {
    type: 'Number',
    description: 'How long logs are kept.',
    default: String(RetentionDays.ONE_MONTH),
    allowedValues: ['1', '3', '5', '7', '14', '30', '60', '90', '180', '365'],
  });

  const reserves = holds('Reserves', Fn.conditionNot(Fn.conditionEquals(pull, 0)));
  const protects = holds('Protects', Fn.conditionEquals(isProtected, 'true'));
  const hasSecret = holds('HasHubSecret', Fn.conditionNot(Fn.conditionEquals(secret, '')));
  const hasTopic = holds('HasAlarmTopic', Fn.conditionNot(Fn.conditionEquals(topic, '')));
  const reserved = (value: number) =>
    Token.asNumber(Fn.conditionIf(reserves.logicalId, value, Aws.NO_VALUE));
  const alarmActionArn = Fn.conditionIf(hasTopic.logicalId, topic, Aws.NO_VALUE).toString();

  addMirror(stack, {
    front: { kind: 'function-url', code: codeAt(pullKey) },
    fillCode: codeAt(fillKey),
    dualStack: false,
    pullReserved: reserved(pull),
    fillReserved: reserved(fills),
    fillConcurrency: fills,
    logRetentionDays: logDays.valueAsNumber,
    removeData: false,
    deletionProtection: Fn.conditionIf(protects.logicalId, true, false),
    hub: { username, secret },
    secrets: [secret],
    secretsCondition: hasSecret,
    alarmAction: () => ({ bind: () => ({ alarmActionArn }) }),
  });
}
