import type { Context, LambdaFunctionURLEvent, LambdaFunctionURLResult } from 'aws-lambda';
import { withTimeout } from '../../core/concurrency/timeout.ts';
import { parseDigest } from '../../core/oci/digest.ts';
import type { Answer } from '../../core/registry/answer.ts';
import { createService } from '../../core/service/create-service.ts';
import type { FunctionConfig } from '../configuration.ts';
import { readOnlyBlobIndex } from '../dynamodb/blob-item.ts';
import { measureRequest } from '../metrics/event-metrics.ts';
import { type FunctionProcess, openPlatform } from '../open.ts';
import type { AwsStores } from '../stores.ts';
import { createFunctionUrl } from './function-url.ts';

/** The handler of the pull function. It never rejects. */
export type PullHandler = (
  event: LambdaFunctionURLEvent,
  context: Pick<Context, 'getRemainingTimeInMillis'> & Partial<Pick<Context, 'awsRequestId'>>,
) => Promise<LambdaFunctionURLResult>;

/**
 * How long an answer waits for background work, in ms. Lambda freezes the instance once it answered,
 * and the rest resumes with the next event. So a pull may be recorded late, but no client waits for an
 * upstream that another request asked.
 */
const backgroundTime = 250;

/** The part of an invocation's time that is reserved for what follows the answer, in ms. */
const reserve = 3000;

/** How long the counters may take to flush, in ms. A timeout would lose the answer. */
const countersTime = 1500;

/** Opens the pull function. */
export function openPull(config: FunctionConfig, process: FunctionProcess): PullHandler {
  const platform = openPlatform(config, process, readOnlyBlobIndex);
  const { stores, ledger, log, settled } = platform;
  const { app, unexpected } = createService(config, platform);
  const functionUrl = createFunctionUrl({
    app,
    signHead: (answer) => signHead(stores, answer),
    onError: unexpected,
  });
  stores.warm();
  return async (event, context) => {
    log.of(context.awsRequestId);
    const started = performance.now();
    const left = context.getRemainingTimeInMillis() - reserve;
    const { result, note, bytes } = await functionUrl(event, left);
    if (bytes > 0) ledger.count({ bytesServed: bytes });
    const record = {
      method: event.requestContext?.http?.method ?? '',
      status: result.statusCode,
      note,
      userAgent: event.headers?.['user-agent'],
      milliseconds: performance.now() - started,
      written: { bytes, end: 'complete' },
    } as const;
    measureRequest(log, record, ledger.take());
    await settled(backgroundTime);
    await withTimeout(countersTime, ledger.flushSometimes());
    return result;
  };
}

async function signHead(stores: AwsStores, answer: Answer): Promise<string | undefined> {
  if (answer.note.kind !== 'blob' || answer.status !== 200) return undefined;
  const digest = parseDigest(answer.headers['docker-content-digest'] ?? '');
  return digest === undefined ? undefined : stores.signHead(digest);
}
