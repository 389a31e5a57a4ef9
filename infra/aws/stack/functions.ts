import { Duration, type Stack } from 'aws-cdk-lib';
import type { Role } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  type Code,
  type FunctionProps,
  FunctionUrlAuthType,
  InvokeMode,
  Function as LambdaFunction,
  RecursiveLoop,
  Runtime,
} from 'aws-cdk-lib/aws-lambda';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import { type FillQueues, fillTimeout } from './fill-queues.ts';

/** MB. CPU comes with it: this is more than half of one, most of it for the first request. */
export const pullMemory = 1024;

/** MB. One whole CPU, which hashes faster than the network brings bytes. */
export const fillMemory = 1769;

/** What both functions are given. */
export interface FunctionParts {
  readonly code: Code;
  readonly role: Role;
  readonly logs: LogGroup;
  readonly environment: Record<string, string>;
}

function common({ code, role, logs, environment }: FunctionParts) {
  return {
    code,
    role,
    logGroup: logs,
    environment,
    handler: 'index.handler',
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
  } satisfies FunctionProps;
}

/** The pull function and the URL that clients use. */
export interface PullFunction {
  readonly lambda: LambdaFunction;
  /** `https://….lambda-url.eu-central-1.on.aws/` */
  readonly url: string;
}

/**
 * Adds the function that answers clients, behind a URL that needs no login: clients of registries
 * cannot sign requests for AWS. CDK adds both permissions that such a URL needs since October 2025.
 * The timeout is above the longest wait for a blob (`aws.fillWait`, 20 s).
 */
export function addPullFunction(
  stack: Stack,
  parts: FunctionParts,
  reserved: number | undefined,
): PullFunction {
  const lambda = new LambdaFunction(stack, 'Pull', {
    ...common(parts),
    description: 'Pullfront: answers clients',
    memorySize: pullMemory,
    timeout: Duration.seconds(30),
    ...(reserved !== undefined && { reservedConcurrentExecutions: reserved }),
  });
  const { url } = lambda.addFunctionUrl({
    authType: FunctionUrlAuthType.NONE,
    invokeMode: InvokeMode.BUFFERED,
  });
  return { lambda, url };
}

/** How many fills may run at once, and what is reserved for them. */
export interface FillConcurrency {
  readonly most: number;
  readonly reserved: number | undefined;
}

/**
 * Adds the function that fills blobs, one blob an invocation: a large layer holds no other up, and
 * a request costs next to nothing. It may send itself messages: a paused fill goes on that way.
 */
export function addFillFunction(
  stack: Stack,
  parts: FunctionParts,
  { queue }: FillQueues,
  { most, reserved }: FillConcurrency,
): LambdaFunction {
  const lambda = new LambdaFunction(stack, 'Fill', {
    ...common(parts),
    description: 'Pullfront: fetches blobs into the bucket',
    memorySize: fillMemory,
    timeout: fillTimeout,
    recursiveLoop: RecursiveLoop.ALLOW,
    ...(reserved !== undefined && { reservedConcurrentExecutions: reserved }),
  });
  lambda.addEventSourceMapping('Fills', {
    eventSourceArn: queue.queueArn,
    batchSize: 1,
    maxConcurrency: most,
    reportBatchItemFailures: true,
  });
  return lambda;
}
