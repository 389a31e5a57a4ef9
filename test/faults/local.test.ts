import { describeFaults } from './every-fault.ts';
import { oneMachine } from './one-machine.ts';

describeFaults(oneMachine);
