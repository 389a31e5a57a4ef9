import type { Context, LambdaFunctionURLEvent, LambdaFunctionURLResult } from 'aws-lambda';
import { version } from '../../core/config/version.ts';
import { parseDigest } from '../../core/oci/digest.ts';
import type { Answer } from '../../core/registry/answer.ts';
import { createRegistry } from '../../core/registry/app.ts';
import { answerHealth } from '../../core/service/health.ts';
import type { FunctionConfig } from '../config/plain-config.ts';
import { inTime } from '../function-url/in-time.ts';
import type { AwsStores } from '../open.ts';
import { measureRequest } from './event-metrics.ts';
import { createFunctionUrl } from './function-url.ts';
import type { HeadForm } from './head-body.ts';
import { type MirrorParts, openMirror } from './open-mirror.ts';

/** The handler of the pull function: answers a function URL's event, and never rejects. */
export type PullHandler = (
  event: LambdaFunctionURLEvent,
  context: Pick<Context, 'getRemainingTimeInMillis'>,
) => Promise<LambdaFunctionURLResult>;

/**
 * How long an answer waits for the work beside it, in ms. Lambda stops the instance as soon as the
 * answer is out, and what is not done goes on with the next event: a pull may be marked late, but
 * no client waits for a slow upstream that another request has asked.
 */
const afterwards = 250;

/** What is kept of an invocation's time for what comes after the answer, in ms. */
const lastly = 3000;

/** How long the counters may take to be written, in ms: the answer is lost with the time. */
const countersTime = 1500;

/** Opens the pull function. */
export function openPull(
  config: FunctionConfig,
  parts: MirrorParts,
  headForm: HeadForm,
): PullHandler {
  const { mirror, stores, ledger, log, settled } = openMirror(config, parts);
  const onError = (error: unknown) => log.event('error', 'unexpected', { error: describe(error) });
  const registry = createRegistry(mirror, { defaultRegistry: config.defaultUpstream, onError });
  const functionUrl = createFunctionUrl({
    registry,
    page: (request) => answerHealth(version, request),
    headForm,
    signHead: (answer) => signHead(stores, answer),
    onError,
  });
  stores.warm();
  return async (event, context) => {
    const started = performance.now();
    const left = context.getRemainingTimeInMillis() - lastly;
    const { answer, result, bytes } = await functionUrl(event, left);
    if (bytes > 0) ledger.count({ bytesServed: bytes });
    const record = {
      method: event.requestContext?.http?.method ?? '',
      status: result.statusCode ?? answer.status,
      note: answer.note,
      userAgent: event.headers?.['user-agent'],
      milliseconds: performance.now() - started,
      written: { bytes, end: 'complete' },
    } as const;
    measureRequest(log, record, ledger.take());
    await settled(afterwards);
    await inTime(ledger.flushSometimes(), countersTime, () => undefined);
    return result;
  };
}

async function signHead(stores: AwsStores, answer: Answer): Promise<string | undefined> {
  if (answer.note.kind !== 'blob' || answer.status !== 200) return undefined;
  const digest = parseDigest(answer.headers['docker-content-digest'] ?? '');
  return digest === undefined ? undefined : stores.signHead(digest);
}

/** Where an unexpected error came from matters more than a short line. */
function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
