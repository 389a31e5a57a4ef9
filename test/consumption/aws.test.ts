import { startAws } from '../forms/aws/functions.ts';
import { describeLimits } from './every-limit.ts';

describeLimits(
  'functions',
  (configuration, environment) =>
    startAws({ configuration, pullers: 1, ...(environment !== undefined && { environment }) }),
  true,
);
