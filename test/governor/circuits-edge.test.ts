import { EdgeWorker } from '../forms/edge.ts';
import { describeCircuits } from './every-circuit.ts';

describeCircuits('the Worker', EdgeWorker.start);
