import { describeOutages } from '../every-fault.ts';
import { oneMachine } from '../one-machine.ts';

describeOutages(oneMachine);
