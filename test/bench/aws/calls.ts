import type { RunningAws } from '../../forms/aws/functions.ts';
import type { Image } from '../../standins/images/image.ts';
import type { Upstream } from '../../standins/registry/upstream.ts';

/** What a piece of work took that AWS bills. */
export interface Calls {
  /** Requests of the client to the pull function. */
  readonly requests: number;
  /** Invocations of the fill function. */
  readonly fills: number;
  /** Requests of the functions to upstreams, which they wait for. */
  readonly upstream: number;
  /** Capacity units of DynamoDB. */
  readonly readUnits: number;
  readonly writeUnits: number;
  /** Calls of DynamoDB. */
  readonly tableCalls: number;
  /** Requests of the functions to S3: those at the price of a PUT, and those at the price of a GET. */
  readonly s3Puts: number;
  readonly s3Gets: number;
  /** Calls of SQS. A message is sent, received and deleted, and hidden while it is worked on. */
  readonly sqs: number;
  /** Written to the log, in bytes. */
  readonly logged: number;
}

/** What is observed. */
export interface Observed {
  readonly aws: RunningAws;
  readonly upstream: Upstream;
}

/** S3 deletes for nothing. */
const s3Classes: Readonly<Record<string, 's3Puts' | 's3Gets' | undefined>> = {
  PUT: 's3Puts',
  POST: 's3Puts',
  GET: 's3Gets',
  HEAD: 's3Gets',
};

/** What was taken while some work ran; `requests` is how many the client made. */
export async function callsOf(observed: Observed, work: () => Promise<number>): Promise<Calls> {
  const before = totalsOf(observed);
  const requests = await work();
  const after = totalsOf(observed);
  const names = Object.keys(before) as (keyof typeof before)[];
  const taken = names.map((name) => [name, after[name] - before[name]]);
  return { requests, ...(Object.fromEntries(taken) as typeof before) };
}

function totalsOf({ aws, upstream }: Observed): Omit<Calls, 'requests'> {
  const { units } = aws.dynamoDb;
  if (units === undefined) throw new Error('the bench counts the units of its own DynamoDB only');
  const s3 = (aws.s3.server?.requests ?? []).map(({ method }) => s3Classes[method]);
  const { actions } = aws.sqs;
  const sent = actions.filter((action) => action.startsWith('Send')).length;
  const removed = actions.filter((action) => action === 'DeleteMessage').length;
  const hidden = actions.filter((action) => action === 'ChangeMessageVisibility').length;
  return {
    fills: removed,
    upstream: upstream.requests.length,
    readUnits: units.read,
    writeUnits: units.written,
    tableCalls: aws.dynamoDb.proxy.calls.length,
    s3Puts: s3.filter((one) => one === 's3Puts').length,
    s3Gets: s3.filter((one) => one === 's3Gets').length,
    // What is deleted was received; the calls that receive nothing belong to the time, not to pulls.
    sqs: sent + hidden + 2 * removed,
    logged: Buffer.byteLength(aws.output),
  };
}

/** What `all` took besides `part`. */
export function differenceOf(all: Calls, part: Calls): Calls {
  const names = Object.keys(all) as (keyof Calls)[];
  const rest = names.map((name) => [name, Math.max(0, all[name] - part[name])]);
  return Object.fromEntries(rest) as unknown as Calls;
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
