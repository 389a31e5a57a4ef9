import { startAws } from '../forms/aws/functions.ts';
import { describeAccess } from './every-endpoint.ts';

describeAccess('functions', (configuration, environment) =>
  startAws({ configuration, pullers: 2, ...(environment !== undefined && { environment }) }),
);
