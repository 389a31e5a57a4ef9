import { expect, it } from 'vitest';
import { type Traits, useStage } from './harness/client.ts';
import { debianSid, sidNeeds, useDebianSid } from './harness/debian-sid.ts';
import { startDocker } from './harness/docker-client.ts';
import { describeFallback } from './harness/falling-back.ts';
import { describePulling } from './harness/pulling.ts';
import { describeWith } from './harness/requirement.ts';
import type { Stage } from './harness/stage.ts';

const needs = { programs: [...sidNeeds, 'openssl', 'zstd'], root: true };

/** By its image store: dockerd's own, and containerd's, which is the default of Docker 29. */
const stores = [
  { store: 'own', containerdStore: false, limitedStatus: 429 },
  // It names the registry by ns=, as containerd does.
  { store: 'containerd', containerdStore: true, limitedStatus: 503 },
] as const;

for (const { store, containerdStore, limitedStatus } of stores) {
  const traits: Traits = {
    name: `newer-docker-${store}`,
    runs: true,
    resumes: true,
    unpacksZstd: true,
    fallsBackForBlobs: true,
    limitedStatus,
  };

  describeWith(`newer dockerd with ${store} store`, needs, () => {
    useDebianSid();
    const setting = useStage(traits.name, async (stage: Stage) =>
      startDocker(stage, { launch: await debianSid(), containerdStore }),
    );

    it('is newer', async () => {
      const { docker } = setting.client.dockerd;
      const said = await docker(['info', '--format', '{{.ServerVersion}} {{.DriverStatus}}']);
      expect(Number.parseInt(said.stdout, 10)).toBeGreaterThanOrEqual(28);
      expect(said.stdout.includes('io.containerd.snapshotter')).toBe(containerdStore);
    });

    describePulling(setting, traits);
    describeFallback(setting, traits);
  });
}
