import type { Published } from '../../core/bucket/bucket.ts';
import { backOff } from '../sdk/backoff.ts';

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
