import { MemoryMirror } from '../forms/memory.ts';
import { describeFaults } from './every-fault.ts';

/** The server in the process of the test, with its stores in memory. */
describeFaults({
  name: 'memory',
  followsFills: true,
  outlivesProcess: false,
  start: MemoryMirror.start,
  storedBytes: (mirror) => mirror.storedBytes(),
});
