import { openConnections } from '../node/fetch.ts';
import { openFill } from './open-fill.ts';
import { readConfig } from './read-config.ts';

/** The entry of the fill function, which SQS calls with the blobs to fetch into the bucket. */
export const handler = openFill(await readConfig(process.env, import.meta.url), {
  environment: process.env,
  fetch: openConnections(process.env).fetch,
  write: (line) => process.stdout.write(line),
});
