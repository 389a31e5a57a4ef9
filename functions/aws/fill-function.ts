import { setFlagsFromString } from 'node:v8';
import { openConnections } from '../node/http-client.ts';
import { readConfiguration } from './configuration.ts';
import { openFill } from './lambda/fill.ts';

// What comes from a socket is memory outside of V8's heap, which is small here. By its own measure V8
// would collect the whole heap for every 20 MB that pass: a third of a fill's processor time.
setFlagsFromString('--heap-growing-percent=400');

/** The entry of the fill function, which SQS calls with the blobs to fetch into the bucket. */
export const handler = openFill(readConfiguration(process.env, import.meta.url), {
  environment: process.env,
  fetch: openConnections(process.env).fetch,
  write: (line) => process.stdout.write(`${line}\n`),
});
