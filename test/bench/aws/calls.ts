import type { RunningAws } from '../../forms/aws/functions.ts';
import type { Image } from '../../standins/images/image.ts';

/** What a piece of work asked of the services. */
export interface Calls {
  /** Requests of the client to the function. */
  readonly requests: number;
  /** Calls of DynamoDB that read, and that write. */
  readonly reads: number;
  readonly writes: number;
  /** Requests of the functions to S3. */
  readonly s3: number;
  /** Messages sent to SQS and calls to send them. */
  readonly sqs: number;
  /** Written to the log, in bytes. */
  readonly logged: number;
}

const reading = ['GetItem', 'BatchGetItem', 'Query'];

/** The calls while some work ran; `requests` is how many the client made. */
export async function callsOf(aws: RunningAws, work: () => Promise<number>): Promise<Calls> {
  const s3Before = aws.s3.server?.requests.length ?? 0;
  const sqsBefore = aws.sqs.actions.length;
  const logBefore = aws.output.length;
  let requests = 0;
  const actions = await aws.dynamoDb.proxy.during(async () => {
    requests = await work();
  });
  const reads = actions.filter((action) => reading.includes(action)).length;
  const sent = aws.sqs.actions.slice(sqsBefore).filter((action) => action.startsWith('Send'));
  return {
    requests,
    reads,
    writes: actions.length - reads,
    s3: (aws.s3.server?.requests.length ?? 0) - s3Before,
    sqs: sent.length,
    logged: aws.output.length - logBefore,
  };
}

/** Pulls as dockerd does, without the bytes of the blobs; gives the number of requests. */
export async function pullOf(aws: RunningAws, repository: string, image: Image): Promise<number> {
  const base = `/v2/${repository}`;
  const asked: [method: string, path: string][] = [
    ['GET', '/v2/'],
    ['HEAD', `${base}/manifests/1`],
    ['GET', `${base}/manifests/${image.manifest.digest}`],
    ...[image.config, ...image.layers].map(({ digest }): [string, string] => [
      'GET',
      `${base}/blobs/${digest}`,
    ]),
  ];
  for (const [method, path] of asked) {
    const answer = await aws.get(path, { method });
    await answer.arrayBuffer();
    if (answer.status !== 200 && answer.status !== 307) {
      throw new Error(`${method} ${path}: ${answer.status}`);
    }
  }
  return asked.length;
}

/** Resolves when nothing waits in the queue and nothing is filled. */
export async function filled(aws: RunningAws): Promise<void> {
  const { messages } = aws.sqs.queue(aws.queueUrl);
  while (messages.size > 0) await new Promise((resolve) => setTimeout(resolve, 20));
}
