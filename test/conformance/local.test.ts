import { MirrorProcess } from '../mirror-process/mirror-process.ts';
import { describeRegistry } from './every-section.ts';
import { overStandIns } from './over-stand-ins.ts';

/** The built bundle in its own process, over stand-ins for docker.io and ghcr.io. */
describeRegistry(
  'one machine',
  overStandIns((configuration) => MirrorProcess.start(configuration)),
);
