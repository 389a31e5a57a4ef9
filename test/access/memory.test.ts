import { MemoryMirror } from '../forms/memory.ts';
import { describeAccess } from './every-endpoint.ts';

describeAccess('memory', MemoryMirror.start);
