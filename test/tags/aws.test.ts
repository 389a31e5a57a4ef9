import { startAws } from '../forms/aws/functions.ts';
import { describeTags } from './every-tag.ts';

describeTags('functions', (configuration, environment = {}) =>
  startAws({ configuration, environment, pullers: 2 }),
);
