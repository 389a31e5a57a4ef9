import { NodeMirror } from '../forms/node.ts';
import { describeCircuits } from './every-circuit.ts';

describeCircuits('one machine', NodeMirror.start);
