import { BucketError, type Published } from '../../core/bucket/bucket.ts';
import { backOff } from '../sdk/backoff.ts';

/** The result of a call of the SDK, which rejects with a BucketError, or with the signal's reason. */
export async function resultOf<Output>(
  operation: string,
  call: Promise<Output>,
  signal?: AbortSignal,
): Promise<Output> {
  try {
    return await call;
  } catch (error) {
    throw s3Error(operation, error, signal);
  }
}

/** Turns a 404 into undefined. */
export function ifAbsent(failure: unknown): undefined {
  if (failure instanceof BucketError && failure.status === 404) return undefined;
  throw failure;
}

function s3Error(operation: string, error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason;
  if (error instanceof BucketError) return error;
  if (!(error instanceof Error))
    return new BucketError(`S3 ${operation}`, 'Unknown', undefined, error);
  const { name } = error;
  const code = 'code' in error ? error.code : undefined;
  const status = statusOf(error);
  const hasName = name !== 'Error' && name !== 'TypeError';
  // No cause: the SDK's error holds the answer, which may quote what was signed.
  return new BucketError(`S3 ${operation}`, safeCode(hasName ? name : (code ?? name)), status);
}

function statusOf(error: Error): number | undefined {
  const metadata: unknown = '$metadata' in error ? error.$metadata : undefined;
  if (typeof metadata !== 'object' || metadata === null) return undefined;
  const status = 'httpStatusCode' in metadata ? metadata.httpStatusCode : undefined;
  return typeof status === 'number' ? status : undefined;
}

/** The code, unless the peer sent something else. */
function safeCode(code: unknown): string {
  return typeof code === 'string' && /^[A-Za-z0-9._]{1,100}$/.test(code) ? code : 'Unknown';
}

/** The codes for bytes that do not have the announced hash. */
const wrongBytes = new Set(['BadDigest', 'XAmzContentSHA256Mismatch', 'InvalidDigest']);

/** The outcome for an error that refuses to publish; throws any other error. */
export function toPublished(failure: unknown): Published {
  if (failure instanceof BucketError) {
    if (failure.status === 412) return { kind: 'there-already' };
    if (failure.status === 409) return { kind: 'conflict' };
    if (wrongBytes.has(failure.code)) return { kind: 'wrong-bytes' };
    if (failure.code === 'NoSuchUpload') return { kind: 'upload-gone' };
  }
  throw failure;
}

/** Publishes, and retries while S3 reports another request that changes the same key (409). */
export async function retryConflict(publish: () => Promise<Published>): Promise<Published> {
  for (let attempt = 1; ; attempt++) {
    const published = await publish();
    if (published.kind !== 'conflict' || attempt === 4) return published;
    await backOff(attempt, { first: 100, growth: 2 });
  }
}
