import { NodeMirror } from '../forms/node.ts';
import { describeTags } from './every-tag.ts';

describeTags('one machine', NodeMirror.start);
