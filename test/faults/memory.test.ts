import { MemoryMirror } from '../forms/memory.ts';
import { describeOddContent, describeOutages } from './every-fault.ts';
import type { Target } from './scene.ts';

/** The server in the process of the test, with its stores in memory. */
const memory: Target<MemoryMirror> = {
  name: 'memory',
  followsFills: true,
  outlivesProcess: false,
  start: MemoryMirror.start,
  storedBytes: (mirror) => mirror.storedBytes(),
};

describeOddContent(memory);
describeOutages(memory);
