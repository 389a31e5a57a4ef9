import { EdgeWorker } from '../runtime/edge/edge-worker.ts';
import { describeOutputs } from './every-output.ts';

describeOutputs('Worker', async (configuration, variables) => {
  const worker = await EdgeWorker.start(configuration, variables);
  return {
    get: (path, init) => worker.get(path, init),
    printed: () => worker.output,
    close: () => worker.close(),
  };
});
