import { EdgeWorker } from '../../forms/edge.ts';
import type { Target } from '../scene.ts';

/** The built Worker on workerd, over D1 and R2 in a folder. */
export const edgeWorker: Target<EdgeWorker> = {
  name: 'edge',
  followsFills: false,
  outlivesProcess: true,
  start: EdgeWorker.start,
  storedBytes: (worker) => worker.storedBytes(),
};
