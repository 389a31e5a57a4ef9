import { backOff } from '../sdk/backoff.ts';
import type { Published } from './bucket.ts';
import { S3Error } from './s3-error.ts';

const mostAttempts = 4;
const pauses = { first: 100, growth: 2 };

/** Publishes again while S3 says that another request is changing the same key (409). */
export async function withoutConflict(publish: () => Promise<Published>): Promise<Published> {
  for (let attempt = 1; ; attempt++) {
    const published = await publish();
    if (published.kind !== 'conflict' || attempt === mostAttempts) return published;
    await backOff(attempt, pauses);
  }
}

/** The error of a put whose bytes are right and which S3 did not publish. */
export function notPublished(operation: string, published: Published): S3Error {
  const code = published.kind === 'conflict' ? 'ConditionalRequestConflict' : published.kind;
  return new S3Error(operation, code, undefined);
}

/** What S3 says of bytes that are not those whose hash it was told. */
const wrongBytes = new Set(['BadDigest', 'XAmzContentSHA256Mismatch', 'InvalidDigest']);

/** A refusal to publish as an outcome; throws what is a failure. */
export function refusedAs(failure: unknown): Published {
  if (failure instanceof S3Error) {
    if (failure.status === 412) return { kind: 'there-already' };
    if (failure.status === 409) return { kind: 'conflict' };
    if (wrongBytes.has(failure.code)) return { kind: 'wrong-bytes' };
    if (failure.code === 'NoSuchUpload') return { kind: 'upload-gone' };
  }
  throw failure;
}
