import { MirrorProcess } from '../mirror-process/mirror-process.ts';
import { describeOutputs } from './every-output.ts';

describeOutputs('one machine', async (configuration, variables) => {
  const mirror = await MirrorProcess.start(configuration, variables);
  return {
    get: (path, init) => mirror.get(path, init),
    printed: () => mirror.output,
    close: () => mirror.close(),
  };
});
