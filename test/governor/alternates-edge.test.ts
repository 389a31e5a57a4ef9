import { EdgeWorker } from '../forms/edge.ts';
import { describeAlternates } from './every-alternate.ts';

describeAlternates({ name: 'the Worker', start: EdgeWorker.start });
