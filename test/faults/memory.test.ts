import { NodeMirror } from '../forms/node.ts';
import { describeFaults } from './every-fault.ts';
import { oneMachine } from './one-machine.ts';

/** The built bundle in its own process with its stores in memory. */
describeFaults({
  ...oneMachine,
  name: 'memory',
  outlivesProcess: false,
  start: (configuration, environment) =>
    NodeMirror.start({ store: 'memory', ...configuration }, environment),
});
