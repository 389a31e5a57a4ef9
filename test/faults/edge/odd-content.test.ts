import { describeOddContent } from '../every-fault.ts';
import { edgeWorker } from './edge-worker.ts';

describeOddContent(edgeWorker);
