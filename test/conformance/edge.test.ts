import { EdgeWorker } from '../forms/edge.ts';
import { describeRegistry } from './every-section.ts';
import { overStandIns } from './over-stand-ins.ts';

/** The built Worker on workerd, over stand-ins for docker.io and ghcr.io. */
describeRegistry('edge', overStandIns(EdgeWorker.start));
