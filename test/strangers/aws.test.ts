import { startAws } from '../forms/aws/functions.ts';
import { describeOutputs } from './every-output.ts';
import { describeSecrets } from './every-secret.ts';

const start = (configuration: object, environment?: Readonly<Record<string, string>>) =>
  startAws({ configuration, ...(environment !== undefined && { environment }) });

describeOutputs('functions', start);
describeSecrets('functions', start, ({ s3: { credentials } }) =>
  [credentials.secretAccessKey, credentials.sessionToken].filter((one) => one !== undefined),
);
