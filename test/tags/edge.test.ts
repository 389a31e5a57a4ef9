import { EdgeWorker } from '../forms/edge.ts';
import { describeTags } from './every-tag.ts';

describeTags('the Worker', EdgeWorker.start);
