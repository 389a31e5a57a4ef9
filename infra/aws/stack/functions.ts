import { Duration, type Stack, Tokenization } from 'aws-cdk-lib';
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

/** In MB. This gives more than half a vCPU, which mainly the first request needs. */
export const pullMemory = 1024;

/** In MB. This gives more than half a vCPU, which moves 400 MB/s: five times what the network delivers. */
export const fillMemory = 1024;

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

export interface PullFunction {
  readonly lambda: LambdaFunction;
  /** `https://….lambda-url.eu-central-1.on.aws/` */
  readonly url: string;
}

/**
 * Adds the pull function with a public URL, because registry clients cannot sign requests for AWS. CDK
 * adds both permissions that such a URL needs since October 2025. The timeout is above the longest wait
 * for a blob (`aws.fillWait`, 20 s).
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

/** How many fills may run at once, and how much concurrency is reserved for them. */
export interface FillConcurrency {
  readonly most: number;
  readonly reserved: number | undefined;
}

/**
 * Adds the fill function. It handles one message per invocation: a large layer has one of its own, so that it
 * does not delay others. `recursiveLoop`: a paused fill sends itself a message to resume.
 */
export function addFillFunction(
  stack: Stack,
  parts: FunctionParts,
  { queue }: FillQueues,
  { most, reserved }: FillConcurrency,
): LambdaFunction {
  const environment = {
    ...parts.environment,
    PULLFRONT_AWS_FILL_CONCURRENCY: Tokenization.stringifyNumber(most),
  };
  const lambda = new LambdaFunction(stack, 'Fill', {
    ...common({ ...parts, environment }),
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
