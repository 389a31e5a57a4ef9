import { type RunningAws, startAws } from '../forms/aws/functions.ts';
import { throughBucket } from '../forms/aws/through-bucket.ts';
import { describeRegistry } from './every-section.ts';
import type { Open } from './exchange.ts';
import { overStandIns } from './over-stand-ins.ts';

/**
 * The built functions behind a front, over stand-ins for docker.io and ghcr.io. Blobs are filled
 * only where they have to be stored: elsewhere they pass through the function. What is stored is
 * followed to the bucket, as clients do.
 */
const open: Open = async (situation) => {
  const fillers = situation === 'stale' ? 1 : 0;
  let running: RunningAws | undefined;
  const opened = await overStandIns(async (configuration) => {
    running = await startAws({ configuration, fillers });
    return running;
  })(situation);
  if (running === undefined) throw new Error('it did not start');
  const { url, s3 } = running;
  const target = (request: Request) => {
    const { pathname, search } = new URL(request.url);
    const path = request.url.slice(new URL(request.url).origin.length) || `${pathname}${search}`;
    return throughBucket(new Request(`${url}${path}`, request), s3.endpoint);
  };
  return { ...opened, target };
};

describeRegistry('aws', open, 'redirect');
