import type { Published } from './bucket.ts';
import { S3Error } from './s3-error.ts';

const mostAttempts = 4;
const firstPause = 50;

/** Publishes again while S3 says that another request is changing the same key (409). */
export async function withoutConflict(publish: () => Promise<Published>): Promise<Published> {
  for (let attempt = 1; ; attempt++) {
    const published = await publish();
    if (published.kind !== 'conflict' || attempt === mostAttempts) return published;
    const pause = Math.random() * firstPause * 2 ** attempt;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** The error of a put whose bytes are right and which S3 did not publish. */
export function notPublished(operation: string, published: Published): S3Error {
  const code = published.kind === 'conflict' ? 'ConditionalRequestConflict' : published.kind;
  return new S3Error(operation, code, undefined);
}
