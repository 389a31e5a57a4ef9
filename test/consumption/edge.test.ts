import { EdgeWorker } from '../forms/edge.ts';
import { describeLimits } from './every-limit.ts';

describeLimits('Worker', EdgeWorker.start, false);

/** Its bucket is never reached: who gets a URL counts. */
const keys = {
  R2_ACCESS_KEY_ID: 'access-key',
  R2_SECRET_ACCESS_KEY: 'secret-key',
  R2_ENDPOINT: 'https://account.r2.cloudflarestorage.com',
  R2_BUCKET: 'bucket',
};

describeLimits(
  'Worker with keys of R2',
  (configuration, variables) => EdgeWorker.start(configuration, { ...variables, ...keys }),
  true,
);
