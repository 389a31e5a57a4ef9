import { MirrorProcess } from '../mirror-process/mirror-process.ts';
import { describeRegistry } from './every-section.ts';
import { overStandIns } from './over-stand-ins.ts';

/** The built bundle in its own process with its stores in memory. */
describeRegistry(
  'memory',
  overStandIns((configuration) => MirrorProcess.start({ store: 'memory', ...configuration })),
);
