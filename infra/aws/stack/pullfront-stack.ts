import {
  type App,
  type CfnCondition,
  CfnOutput,
  Fn,
  type IResolvable,
  Stack,
  type StackProps,
} from 'aws-cdk-lib';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import type { Role } from 'aws-cdk-lib/aws-iam';
import type { Code, Function as LambdaFunction, WebFunctionCode } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { addAlarms } from './alarms.ts';
import { addBudget, type Budget } from './budget.ts';
import { clientLines } from './client-lines.ts';
import { addDashboard } from './dashboard.ts';
import { addData } from './data.ts';
import { type EcrGrants, grantEcr } from './ecr.ts';
import { type HubAccount, mirrorEnvironment } from './environment.ts';
import { addFillQueues } from './fill-queues.ts';
import { addFillFunction, addPullFunction, fillMemory, pullMemory } from './functions.ts';
import { addLogs, addUrlLogs, addWebLogs, type PullLogs } from './logs.ts';
import { acknowledgeFindings } from './nag-exceptions.ts';
import { addFillRole, addPullRole } from './roles.ts';
import { grantSecrets } from './secrets.ts';
import { addWebFunction } from './web-function.ts';

/** The function that answers clients, with its code. */
export type Front =
  | { readonly kind: 'function-url'; readonly code: Code }
  | {
      readonly kind: 'web-function';
      readonly code: WebFunctionCode;
      readonly regions: readonly string[];
    };

/** The stack's options and code. Strings may be parameters of a template. */
export interface StackParts {
  readonly front: Front;
  readonly fillCode: Code;
  readonly dualStack: boolean;
  /** Undefined reserves nothing. */
  readonly pullReserved: number | undefined;
  readonly fillReserved: number | undefined;
  readonly fillConcurrency: number;
  readonly logRetentionDays: RetentionDays;
  readonly removeData: boolean;
  readonly deletionProtection: boolean | IResolvable;
  readonly hub: HubAccount | undefined;
  /** The mirror's `limits.storeBytes`; undefined if it has none, or if only the deployment knows. */
  readonly storeBytes: number | undefined;
  /** What clients may get from the bucket in an hour before an alarm, in bytes. */
  readonly downloadBytes: number;
  /** Undefined: none. */
  readonly budget: Budget | undefined;
  /** The names or ARNs of all secrets that the mirror reads. */
  readonly secrets: readonly string[];
  /** What the mirror's accounts at Amazon ECR need. */
  readonly ecr: EcrGrants;
  /** Whether there are secrets, if only the deployment knows. */
  readonly secretsCondition: CfnCondition | undefined;
  /** Creates the action in the stack. */
  readonly alarmAction: ((stack: Stack) => IAlarmAction | undefined) | undefined;
}

interface AddedFront {
  readonly pull: LambdaFunction | undefined;
  /** The host name that clients use. */
  readonly host: string;
}

/** Adds the mirror to a stack. */
export function addMirror(stack: Stack, parts: StackParts): void {
  const data = addData(stack, parts);
  const queues = addFillQueues(stack);
  const pullLogs = addPullLogs(stack, parts);
  const fillLogs = addLogs(stack, 'FillLogs', parts.logRetentionDays);
  const pullRole = addPullRole(stack, pullLogs, { data, queues });
  const fillRole = addFillRole(stack, fillLogs, { data, queues });
  grantSecrets(stack, parts.secrets, [pullRole, fillRole], parts.secretsCondition);
  grantEcr(stack, parts.ecr, [pullRole, fillRole]);
  const environment = mirrorEnvironment(data, queues, parts);

  const { pull, host } = addFront(stack, parts, { role: pullRole, logs: pullLogs, environment });
  const fill = addFillFunction(
    stack,
    { code: parts.fillCode, role: fillRole, logs: fillLogs, environment },
    queues,
    { most: parts.fillConcurrency, reserved: parts.fillReserved },
  );

  const functions = [
    ...(pull === undefined ? [] : [{ lambda: pull, memory: pullMemory }]),
    { lambda: fill, memory: fillMemory },
  ];
  const cost = { functions, data, queues, logs: [pullLogs.written, fillLogs] };
  const { storeBytes, downloadBytes, budget } = parts;
  addDashboard(stack, cost);
  const watched = { pull, fill, queues, cost, storeBytes, downloadBytes };
  addAlarms(stack, watched, parts.alarmAction?.(stack));
  if (budget !== undefined) addBudget(stack, budget);
  addOutputs(stack, host, {
    Table: data.table.tableName,
    Bucket: data.bucket.bucketName,
    DeadLetterQueue: queues.deadLetters.queueUrl,
  });
  acknowledgeFindings(data.bucket, {
    pull: pullRole,
    fill: fillRole,
    localLogs: pullLogs.localArns,
  });
}

function addPullLogs(stack: Stack, { front, logRetentionDays }: StackParts): PullLogs {
  return front.kind === 'web-function'
    ? addWebLogs(stack, logRetentionDays, front.regions)
    : addUrlLogs(stack, logRetentionDays);
}

function addFront(
  stack: Stack,
  { front, pullReserved }: StackParts,
  parts: {
    readonly role: Role;
    readonly logs: PullLogs;
    readonly environment: Record<string, string>;
  },
): AddedFront {
  if (front.kind === 'web-function') {
    const { code, regions } = front;
    return { pull: undefined, host: addWebFunction(stack, { ...parts, code, regions }) };
  }
  const { lambda, url } = addPullFunction(
    stack,
    { ...parts, logs: parts.logs.group, code: front.code },
    pullReserved,
  );
  // The URL is https://HOST/.
  return { pull: lambda, host: Fn.select(2, Fn.split('/', url)) };
}

function addOutputs(stack: Stack, host: string, names: Readonly<Record<string, string>>): void {
  new CfnOutput(stack, 'MirrorUrl', { value: `https://${host}` });
  for (const [id, value] of Object.entries({ ...clientLines(host), ...names })) {
    // A resource may already have the output's name.
    new CfnOutput(stack, `${id}Output`, { value }).overrideLogicalId(`${id}Output`);
  }
}

/** Creates the stack for `cdk deploy`. */
export function makeStack(app: App, name: string, parts: StackParts, props: StackProps = {}) {
  const stack = new Stack(app, name, {
    description: 'Pullfront, a pull-through mirror for container registries',
    ...props,
  });
  addMirror(stack, parts);
  return stack;
}
