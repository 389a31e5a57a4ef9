import { describeOddContent } from '../every-fault.ts';
import { oneMachine } from '../one-machine.ts';

describeOddContent(oneMachine);
