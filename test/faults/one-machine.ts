import { MirrorProcess } from '../mirror-process/mirror-process.ts';
import type { Target } from './scene.ts';

/** The built bundle in its own process over a folder. */
export const oneMachine: Target<MirrorProcess> = {
  name: 'one machine',
  followsFills: true,
  outlivesProcess: true,
  start: (configuration, environment) => MirrorProcess.start(configuration, environment),
  storedBytes: (mirror) => mirror.storedBytes(),
};
