import { describe, expect, it } from 'vitest';
import { appImage } from './harness/app-image.ts';
import { useStage } from './harness/client.ts';
import { containersImageTraits } from './harness/containers-image-set-up.ts';
import { describeFallback } from './harness/falling-back.ts';
import { startPodman } from './harness/podman-client.ts';
import { describePulling, expectPulled, pullsAt } from './harness/pulling.ts';
import { describeWith } from './harness/requirement.ts';

const traits = { ...containersImageTraits, name: 'podman', runs: true };
const needs = { programs: ['podman', 'conmon', 'runc', 'zstd', 'busybox'], root: true };

describeWith('podman', needs, () => {
  const setting = useStage('podman', (stage) => startPodman(stage));
  describePulling(setting, traits);
  describeFallback(setting, traits);

  describe('reaches the mirror', () => {
    it('by the registry after /v2', async () => {
      const { stage, client } = setting;
      stage.upstream.add('library/podman-route', appImage('podman-route'), '1');
      expectPulled(await client.pull('docker.io/library/podman-route:1'));
      const [ping, ...others] = stage.tap.passed.map((one) => one.target);
      expect(ping).toBe('/v2/');
      expect(others.length).toBeGreaterThan(0);
      const odd = others.filter((one) => !one.startsWith('/v2/docker.io/library/podman-route/'));
      expect(odd).toEqual([]);
    });

    it('for a second registry', async () => {
      const { stage, client } = setting;
      stage.ghcr.add('owner/app', appImage('podman-ghcr'), '1');
      expectPulled(await client.pull('ghcr.io/owner/app:1'));
      expect(pullsAt(stage.ghcr)).toBe(1);
      expect(stage.upstream.requests).toEqual([]);
      expect(stage.tap.matching(/^GET \/v2\/ghcr\.io\/owner\/app\/.* -> 200$/)).toHaveLength(4);
    });
  });
});
