import { NodeMirror } from '../forms/node.ts';
import { describeAccess } from './every-endpoint.ts';

describeAccess('one machine', NodeMirror.start);
