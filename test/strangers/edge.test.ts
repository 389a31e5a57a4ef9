import { EdgeWorker } from '../forms/edge.ts';
import { describeOutputs } from './every-output.ts';
import { describeSecrets } from './every-secret.ts';

describeOutputs('Worker', EdgeWorker.start);
describeSecrets('Worker', EdgeWorker.start);

const keys = {
  R2_ACCESS_KEY_ID: 'access-key-31d7',
  R2_SECRET_ACCESS_KEY: 'secret-key-90be',
  R2_ENDPOINT: 'https://account.r2.cloudflarestorage.com',
  R2_BUCKET: 'bucket',
};

describeSecrets(
  'Worker with keys of R2',
  (configuration, variables) => EdgeWorker.start(configuration, { ...variables, ...keys }),
  () => [keys.R2_SECRET_ACCESS_KEY],
);
