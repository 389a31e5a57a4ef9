import * as z from 'zod/mini';
import { durationPattern, expectedFillTime, isFillTime, parseDuration } from './units.ts';
import { described, object, text } from './values.ts';

const fillTime = z.pipe(
  text(expectedFillTime, durationPattern).check(
    z.refine((given) => isFillTime(parseDuration(given)), expectedFillTime),
  ),
  z.transform(parseDuration),
);

/** What concerns only a Worker. */
export const cloudflare = object(
  {
    fillTime: described(
      z.prefault(fillTime, '10m'),
      'How long one message of the queue fills a blob before the next one goes on with it; 14m at most.',
    ),
  },
  'cloudflare: {"fillTime": "10m"}',
);
