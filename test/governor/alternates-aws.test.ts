import { startAws } from '../forms/aws/functions.ts';
import { describeAlternates } from './every-alternate.ts';

describeAlternates({
  name: 'functions',
  start: (configuration, environment = {}) => startAws({ configuration, environment }),
});
