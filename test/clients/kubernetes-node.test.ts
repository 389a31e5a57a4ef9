import { type Traits, useStage } from './harness/client.ts';
import { describeFallback } from './harness/falling-back.ts';
import { startNodeClient } from './harness/node-client.ts';
import { describePulling } from './harness/pulling.ts';
import { describeWith } from './harness/requirement.ts';

const traits: Traits = {
  name: 'node',
  runs: false,
  resumes: true,
  unpacksZstd: true,
  fallsBackForBlobs: true,
  limitedStatus: 503,
};

describeWith('containerd of a Kubernetes node', { programs: ['containerd'], root: true }, () => {
  const setting = useStage('node', (stage) => startNodeClient(stage));
  describePulling(setting, traits);
  describeFallback(setting, traits);
});
