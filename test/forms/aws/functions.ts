import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { problemText } from '../../../functions/core/config/problems.ts';
import { resolveFile } from '../../../functions/core/config/resolve-file.ts';
import { type OpenedDynamoDb, openDynamoDb } from '../../standins/dynamodb/open-dynamodb.ts';
import { type OpenedS3, openS3 } from '../../standins/s3/open-s3.ts';
import { type SqsServer, startSqsServer } from '../../standins/sqs/sqs-server.ts';
import { sqsService } from '../../standins/sqs/sqs-service.ts';
import type { Mirror } from '../mirror.ts';
import { EventSource } from './event-source.ts';
import { FunctionPool } from './function-pool.ts';
import type { FunctionSettings } from './instance.ts';
import { openUrlFront } from './url-front.ts';

const bundles = fileURLToPath(new URL('../../../dist/aws/', import.meta.url));

/** What is run. */
export interface AwsOptions {
  /** The configuration file: upstreams and all else but the section `aws`. */
  readonly configuration: object;
  /** Instances of the pull function; 1 when absent. */
  readonly pullers?: number;
  /** Instances of the fill function; 1 when absent, and 0 fills nothing. */
  readonly fillers?: number;
  /** How long an invocation of the fill function may take, in ms; 30 s when absent. */
  readonly fillTimeout?: number;
  /** The bucket; one of its own when absent. It is closed with the rest. */
  readonly s3?: OpenedS3;
  /** More variables of both functions. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** The mirror as it runs on AWS: the built bundles in processes of their own, over stand-ins. */
export interface RunningAws extends Mirror {
  readonly dynamoDb: OpenedDynamoDb;
  readonly s3: OpenedS3;
  readonly sqs: SqsServer;
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
  /** What a function is started with, for who starts one himself. */
  functionOf(which: Which): Pick<FunctionSettings, 'folder' | 'environment'>;
  /** The processes that run now. */
  pids(which: Which): number[];
  /** Kills an instance, a busy one if there is one. */
  kill(which: Which): void;
}

/** One of the two functions. */
export type Which = 'pull' | 'fill';

/**
 * Starts the functions behind a front and a queue. The table is in dynalite and the bucket on the
 * strict server of the tests, or where TEST_DYNAMODB and TEST_S3 say.
 */
export async function startAws(options: AwsOptions): Promise<RunningAws> {
  const { configuration, pullers = 1, fillers = 1, fillTimeout = 30_000 } = options;
  const dynamoDb = await openDynamoDb();
  const s3 = options.s3 ?? (await openS3());
  const sqs = await startSqsServer();
  const hiddenSeconds = Math.ceil(fillTimeout / 1000) + 1;
  const deadLetterQueueUrl = sqs.createQueue('dead');
  const queueUrl = sqs.createQueue('fills', {
    visibilityTimeout: hiddenSeconds,
    redrive: { deadLetterQueue: 'dead', maxReceiveCount: 5 },
  });
  const folder = await mkdtemp(join(tmpdir(), 'pullfront-aws-'));
  await cp(bundles, folder, { recursive: true });
  for (const which of ['pull', 'fill']) {
    await writeFile(join(folder, which, 'configuration.json'), resolvedText(configuration));
  }
  const { accessKeyId, secretAccessKey, sessionToken } = s3.credentials;
  const environment = {
    ...options.environment,
    AWS_REGION: s3.region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    ...(sessionToken !== undefined && { AWS_SESSION_TOKEN: sessionToken }),
    PULLFRONT_STORE: 'aws',
    PULLFRONT_AWS_TABLE: dynamoDb.tableName,
    PULLFRONT_AWS_BUCKET: s3.bucket,
    PULLFRONT_AWS_QUEUE: queueUrl,
    PULLFRONT_AWS_DEAD_LETTER_QUEUE: deadLetterQueueUrl,
    PULLFRONT_AWS_ENDPOINTS_DYNAMODB: endpointOf(dynamoDb),
    PULLFRONT_AWS_ENDPOINTS_S3: s3.endpoint,
    PULLFRONT_AWS_ENDPOINTS_SQS: sqs.endpoint,
  };
  let output = '';
  const print = (text: string) => {
    output += text;
  };
  const pool = (which: Which, timeout: number, most: number) =>
    new FunctionPool({ folder: join(folder, which), environment, timeout, print }, most);
  const pools = {
    pull: pool('pull', 30_000, pullers),
    fill: pool('fill', fillTimeout, fillers),
  };
  await pools.pull.warmUp();
  const front = await openUrlFront(pools.pull);
  const service = sqsService(sqs.endpoint);
  const source = new EventSource(pools.fill, { service, queueUrl, hiddenSeconds, most: fillers });
  return {
    url: front.url,
    dynamoDb,
    s3,
    sqs,
    queueUrl,
    deadLetterQueueUrl,
    functionOf: (which) => ({ folder: join(folder, which), environment }),
    get output() {
      return output;
    },
    get: (path, init = {}) => fetch(`${front.url}${path}`, { redirect: 'manual', ...init }),
    pids: (which) => pools[which].pids,
    kill: (which) => pools[which].kill(),
    async close() {
      source.stop();
      await front.close();
      await Promise.all([pools.pull.close(), pools.fill.close()]);
      await source.ended();
      service.close();
      await Promise.all([dynamoDb.close(), s3.close(), sqs.close()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** As `pullfront config resolve` prints it. */
function resolvedText(configuration: object): string {
  const file = resolveFile(configuration, 'aws');
  if ('problems' in file) throw new Error(file.problems.map(problemText).join('\n'));
  return JSON.stringify(file.ok);
}

/** Through the proxy where the host that was signed does not matter. */
function endpointOf({ endpoint, proxy }: OpenedDynamoDb): string {
  return new URL(endpoint).protocol === 'http:' ? proxy.endpoint : endpoint;
}
