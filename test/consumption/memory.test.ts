import { MemoryMirror } from '../forms/memory.ts';
import { describeLimits } from './every-limit.ts';

describeLimits('in memory', MemoryMirror.start, false);
