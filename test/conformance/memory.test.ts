import { MemoryMirror } from '../forms/memory.ts';
import { describeRegistry } from './every-section.ts';
import { overStandIns } from './over-stand-ins.ts';

/** The server in the process of the test, with its stores in memory. */
describeRegistry('memory', overStandIns(MemoryMirror.start));
