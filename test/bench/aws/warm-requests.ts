import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readConfiguration } from '../../../functions/aws/configuration.ts';
import { openPull } from '../../../functions/aws/lambda/pull.ts';
import type { RunningAws } from '../../forms/aws/functions.ts';
import { urlEvent } from '../../forms/aws/url-event.ts';
import { median } from '../statistics.ts';

/** What a warm answer costs in process, in µs. */
export interface WarmRequests {
  /** GET of a manifest by tag, and by digest. */
  readonly tag: number;
  readonly digest: number;
  /** GET of a blob: a 307 with a signed URL that is kept. */
  readonly blob: number;
}

const rounds = 5;
const requests = 8000;

const context = { getRemainingTimeInMillis: () => 30_000 };

/**
 * Measures the handler of the pull function in this process, over what a running mirror has stored.
 * All of a request is in it: event in, decisions, the line of the log, result out.
 */
export async function measureWarmRequests(
  aws: RunningAws,
  paths: { readonly [name in keyof WarmRequests]: string },
): Promise<WarmRequests> {
  const { folder, environment } = aws.functionOf('pull');
  const bundle = pathToFileURL(join(folder, 'index.mjs')).href;
  const config = readConfiguration(environment, bundle);
  const fetch = () => Promise.reject(new Error('a warm request asks no upstream'));
  const handler = openPull(config, { environment, fetch, write: () => undefined });
  const measure = async (target: string, status: number): Promise<number> => {
    const event = urlEvent({ method: 'GET', target, headers: [['user-agent', 'docker/29.1']] });
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const began = performance.now();
      for (let at = 0; at < requests; at++) {
        const result = await handler(event, context);
        if (typeof result === 'string' || result.statusCode !== status) {
          throw new Error(`${target}: not a ${status}`);
        }
      }
      times.push(((performance.now() - began) / requests) * 1000);
    }
    return median(times);
  };
  const tag = await measure(paths.tag, 200);
  const digest = await measure(paths.digest, 200);
  return { tag, digest, blob: await measure(paths.blob, 307) };
}
