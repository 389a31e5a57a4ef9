import { NodeMirror } from '../forms/node.ts';
import { describeOutputs } from './every-output.ts';
import { describeSecrets } from './every-secret.ts';

describeOutputs('one machine', NodeMirror.start);
describeSecrets('one machine', NodeMirror.start);
