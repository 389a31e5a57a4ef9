import { describe, expect, it } from 'vitest';
import { EdgeProcess } from '../../forms/edge-process.ts';
import { describeOutages } from '../every-fault.ts';
import { openScenes, type Target } from '../scene.ts';
import { edgeWorker } from './edge-worker.ts';

const edgeToKill: Pick<Target<EdgeProcess>, 'start'> = {
  start: EdgeProcess.start,
};

describeOutages(edgeWorker);

// Of the crashes, `../crash.test.ts`, one applies here: a Worker has no files to cut, and nobody ends
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
