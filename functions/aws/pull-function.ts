import { readConfiguration } from './configuration.ts';
import { openPull } from './lambda/pull.ts';

/** The entry of the pull function, which answers clients through a function URL. */
export const handler = openPull(readConfiguration(process.env, import.meta.url), {
  environment: process.env,
  fetch: (url, init) => fetch(url, init),
  write: (line) => process.stdout.write(`${line}\n`),
});
