import { startAws } from '../forms/aws/functions.ts';
import { describeCircuits } from './every-circuit.ts';

describeCircuits('functions', (configuration, environment = {}) =>
  startAws({ configuration, environment, pullers: 2 }),
);
