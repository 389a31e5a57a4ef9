import { NodeMirror } from '../forms/node.ts';
import { describeLimits } from './every-limit.ts';

describeLimits('one machine', NodeMirror.start, false);
