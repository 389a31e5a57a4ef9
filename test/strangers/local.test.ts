import { NodeMirror } from '../forms/node.ts';
import { describeOutputs } from './every-output.ts';

describeOutputs('one machine', NodeMirror.start);
