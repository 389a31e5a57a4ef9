import { startAws } from '../runtime/aws/start-aws.ts';
import { describeOutputs } from './every-output.ts';

describeOutputs('functions', async (configuration, environment) => {
  const aws = await startAws({ configuration, environment });
  return { get: aws.get, printed: aws.output, close: aws.close };
});
