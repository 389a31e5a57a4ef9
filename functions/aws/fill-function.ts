import { setFlagsFromString } from 'node:v8';
import { openConnections } from '../node/http-client.ts';
import { readConfiguration } from './configuration.ts';
import { openFill } from './lambda/fill.ts';

// V8 counts socket buffers against a heap that is small here. By default it would run a full collection
// every 20 MB, a third of a fill's CPU time.
setFlagsFromString('--heap-growing-percent=400');

/** The entry of the fill function, which SQS invokes with fills to do. */
export const handler = openFill(readConfiguration(process.env, import.meta.url), {
  environment: process.env,
  fetch: openConnections(process.env).fetch,
  write: (line) => process.stdout.write(`${line}\n`),
});
