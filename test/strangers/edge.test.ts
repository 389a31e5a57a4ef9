import { EdgeWorker } from '../forms/edge.ts';
import { describeOutputs } from './every-output.ts';

describeOutputs('Worker', EdgeWorker.start);
