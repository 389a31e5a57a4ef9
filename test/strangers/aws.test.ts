import { startAws } from '../forms/aws/functions.ts';
import { describeOutputs } from './every-output.ts';

describeOutputs('functions', (configuration, environment) =>
  startAws({ configuration, ...(environment !== undefined && { environment }) }),
);
