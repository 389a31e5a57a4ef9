import { openHttpsFetch } from '../node/https-client.ts';
import { readConfiguration } from './configuration.ts';
import { openPull } from './lambda/pull.ts';

/** The entry of the pull function, which answers clients through a function URL. */
export const handler = openPull(readConfiguration(process.env, import.meta.url), {
  environment: process.env,
  fetch: openHttpsFetch(process.env),
  write: (line) => process.stdout.write(`${line}\n`),
});
