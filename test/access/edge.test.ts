import { EdgeWorker } from '../forms/edge.ts';
import { describeAccess } from './every-endpoint.ts';

describeAccess('Worker', EdgeWorker.start);
