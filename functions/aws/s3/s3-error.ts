import { BucketError, type Published } from '../../core/bucket/bucket.ts';

/** An error of the SDK as ours; the signal's reason when it was aborted. */
export function s3Error(operation: string, error: unknown, signal?: AbortSignal): unknown {
  if (signal?.aborted) return signal.reason;
  if (!(error instanceof Error))
    return new BucketError(`S3 ${operation}`, 'Unknown', undefined, error);
  const { name } = error;
  const code = 'code' in error ? error.code : undefined;
  const status = statusOf(error);
  const hasName = name !== 'Error' && name !== 'TypeError';
  // The SDK's error holds the answer and, in some of them, what was signed: it is not passed on.
  return new BucketError(`S3 ${operation}`, safeCode(hasName ? name : (code ?? name)), status);
}

function statusOf(error: Error): number | undefined {
  const metadata: unknown = '$metadata' in error ? error.$metadata : undefined;
  if (typeof metadata !== 'object' || metadata === null) return undefined;
  const status = 'httpStatusCode' in metadata ? metadata.httpStatusCode : undefined;
  return typeof status === 'number' ? status : undefined;
}

/** A code without anything that the peer made up. */
function safeCode(code: unknown): string {
  return typeof code === 'string' && /^[A-Za-z0-9._]{1,100}$/.test(code) ? code : 'Unknown';
}

/** What S3 says of bytes that are not those whose hash it was told. */
const wrongBytes = new Set(['BadDigest', 'XAmzContentSHA256Mismatch', 'InvalidDigest']);

/** A refusal to publish as an outcome; throws what is a failure. */
export function refusedAs(failure: unknown): Published {
  if (failure instanceof BucketError) {
    if (failure.status === 412) return { kind: 'there-already' };
    if (failure.status === 409) return { kind: 'conflict' };
    if (wrongBytes.has(failure.code)) return { kind: 'wrong-bytes' };
    if (failure.code === 'NoSuchUpload') return { kind: 'upload-gone' };
  }
  throw failure;
}
