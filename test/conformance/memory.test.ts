import { NodeMirror } from '../forms/node.ts';
import { describeRegistry } from './every-section.ts';
import { overStandIns } from './over-stand-ins.ts';

/** The built bundle in its own process with its stores in memory. */
describeRegistry(
  'memory',
  overStandIns((configuration) => NodeMirror.start({ store: 'memory', ...configuration })),
);
