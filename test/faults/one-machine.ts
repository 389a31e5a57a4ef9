import { NodeMirror } from '../forms/node.ts';
import type { Target } from './scene.ts';

/** The built bundle in its own process over a folder. */
export const oneMachine: Target<NodeMirror> = {
  name: 'one machine',
  followsFills: true,
  outlivesProcess: true,
  start: NodeMirror.start,
  storedBytes: (mirror) => mirror.storedBytes(),
};
