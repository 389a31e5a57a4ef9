import { describe, expect, it } from 'vitest';
import { appImage } from './harness/app-image.ts';
import { type Traits, useStage } from './harness/client.ts';
import { hostsOf, startContainerdClient } from './harness/containerd-client.ts';
import { debianSid, sidNeeds, useDebianSid } from './harness/debian-sid.ts';
import { describeFallback } from './harness/falling-back.ts';
import { startNodeClient } from './harness/node-client.ts';
import { describePulling, expectPulled } from './harness/pulling.ts';
import { describeWith } from './harness/requirement.ts';
import { runWell } from './harness/run.ts';
import { openSilentAddress } from './harness/silent-address.ts';

const common: Omit<Traits, 'name' | 'runs'> = {
  resumes: true,
  unpacksZstd: true,
  fallsBackForBlobs: true,
  limitedStatus: 503,
};
const traits: Traits = { ...common, name: 'newer-node', runs: false };
const ctrTraits: Traits = { ...common, name: 'newer-ctr', runs: true, pullsAllPlatforms: true };

const needs = { programs: [...sidNeeds, 'zstd'], root: true };

describeWith('containerd 2 with ctr', needs, () => {
  useDebianSid();
  const setting = useStage('newer-ctr', async (stage) =>
    startContainerdClient(stage, await debianSid()),
  );
  describePulling(setting, ctrTraits);
  describeFallback(setting, ctrTraits);
});

describeWith('containerd 2 of a Kubernetes node', needs, () => {
  useDebianSid();
  const setting = useStage('newer-node', async (stage) =>
    startNodeClient(stage, await debianSid()),
  );
  describePulling(setting, traits);
  describeFallback(setting, traits);

  describe('the set-up text', () => {
    it('for nodes says where the files are', async () => {
      const launch = await debianSid();
      expect(await runWell('containerd', ['--version'], { launch })).toMatch(/ v?2\./);
      const file = new URL('../../infra/clients/containerd.toml', import.meta.url).pathname;
      const said = await runWell('containerd', ['--config', file, 'config', 'dump'], { launch });
      expect(said).toMatch(/config_path = ['"]\/etc\/containerd\/certs\.d['"]/);
    });

    it('gives up soon on a mirror that is off: it neither answers nor refuses', async () => {
      const { stage, client } = setting;
      const silent = await openSilentAddress();
      try {
        client.containerd.hosts('docker.io', hostsOf(stage, silent.address));
        stage.origin.add('library/newer-off', appImage('newer-off'), '1');
        const outcome = await client.pull('docker.io/library/newer-off:1');
        expectPulled(outcome);
        // Without dial_timeout the manifest and each blob wait for half a minute.
        expect(outcome.milliseconds).toBeLessThan(60_000);
        await client.remove('docker.io/library/newer-off:1');
      } finally {
        client.containerd.hosts('docker.io', hostsOf(stage));
        silent.close();
      }
    }, 200_000);
  });
});
