import { EdgeWorker } from '../forms/edge.ts';
import { describeLimits } from './every-limit.ts';

describeLimits('Worker', EdgeWorker.start, false);
