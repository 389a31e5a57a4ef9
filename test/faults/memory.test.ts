import { MirrorProcess } from '../mirror-process/mirror-process.ts';
import { describeFaults } from './every-fault.ts';
import { oneMachine } from './one-machine.ts';

/** The built bundle in its own process with its stores in memory. */
describeFaults({
  ...oneMachine,
  name: 'memory',
  outlivesProcess: false,
  start: (configuration, environment) =>
    MirrorProcess.start({ store: 'memory', ...configuration }, environment),
});
