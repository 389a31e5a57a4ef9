import { describe, expect, it } from 'vitest';
import { EdgeWorker } from '../forms/edge.ts';
import { EdgeProcess } from '../forms/edge-process.ts';
import { describeFaults } from './every-fault.ts';
import { openScenes, type Target } from './scene.ts';

/** The built Worker on workerd, over D1 and R2 in a folder. */
const edge: Target<EdgeWorker> = {
  name: 'edge',
  followsFills: false,
  outlivesProcess: true,
  start: EdgeWorker.start,
  storedBytes: (worker) => worker.storedBytes(),
};

const edgeToKill: Pick<Target<EdgeProcess>, 'start'> = {
  start: EdgeProcess.start,
};

describeFaults(edge);

// Of the crashes, `crash.test.ts`, one applies here: a Worker has no files to cut, and nobody ends
// it; and miniflare forgets queued fills at its end, which Cloudflare's queues do not.
describe('the Worker is killed', () => {
  const setScene = openScenes(edgeToKill);

  it('after a pull: nothing that was stored is fetched again', async () => {
    const { upstream, mirror, warm, pull } = await setScene();
    await warm();
    await mirror.end('SIGKILL');
    await mirror.start();
    expect(await pull()).toMatchObject({ isComplete: true });
    expect(upstream.count({ method: 'GET' })).toBe(0);
  });
});
