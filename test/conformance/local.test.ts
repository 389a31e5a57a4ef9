import { NodeMirror } from '../forms/node.ts';
import { describeRegistry } from './every-section.ts';
import { overStandIns } from './over-stand-ins.ts';

/** The built bundle in its own process, over stand-ins for docker.io and ghcr.io. */
describeRegistry('one machine', overStandIns(NodeMirror.start));
