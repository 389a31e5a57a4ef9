import { expect, it } from 'vitest';
import { appImage } from './harness/app-image.ts';
import { useStage } from './harness/client.ts';
import { debianSid, sidNeeds, useDebianSid } from './harness/debian-sid.ts';
import { startPodman } from './harness/podman-client.ts';
import { expectPulled } from './harness/pulling.ts';
import { describeWith } from './harness/requirement.ts';
import { startSkopeo } from './harness/skopeo-client.ts';
import type { Stage } from './harness/stage.ts';

/** Generous on purpose: it tells a refusal from a wait for some timeout. */
const longestWaitMs = 10_000;

const sid = { programs: sidNeeds, root: true };

const clients = [
  {
    name: 'podman',
    needs: { programs: ['podman', 'busybox'], root: true },
    start: startPodman,
    launch: undefined,
  },
  {
    name: 'skopeo',
    needs: { programs: ['skopeo', 'busybox'], root: false },
    start: startSkopeo,
    launch: undefined,
  },
  { name: 'newer podman', needs: sid, start: startPodman, launch: debianSid },
  { name: 'newer skopeo', needs: sid, start: startSkopeo, launch: debianSid },
] as const;

/** An image at an upstream that refuses every pull for an hour, and at the origin. */
function limit(stage: Stage, repository: string): string {
  for (const one of [stage.upstream, stage.origin]) one.add(repository, appImage(repository), '1');
  stage.upstream.set({
    pullLimit: { limit: 0, windowSeconds: 21_600, headWhenExhausted: 429, retryAfter: '3600' },
  });
  return `docker.io/${repository}:1`;
}

// They retry after 429 and turn to the origin after 503.
for (const { name, needs, start, launch } of clients) {
  describeWith(`${name} with an upstream that limits the mirror`, needs, () => {
    const id = `limited-${name.replace(' ', '-')}`;
    if (launch !== undefined) useDebianSid();
    const setting = useStage(id, async (stage) => start(stage, await launch?.()));

    it('turns to the origin after one request to the mirror', async () => {
      const { stage, client } = setting;
      const reference = limit(stage, `library/${id}`);
      expectPulled(await client.pull(reference));
      const asked = stage.tap.matching(/\/manifests\//);
      expect(asked.map((one) => one.status)).toEqual([503]);
      expect(asked[0]?.waited).toBeLessThan(longestWaitMs);
      expect(stage.origin.count({ kind: 'manifest', status: 200 })).toBeGreaterThan(0);
      expect(stage.upstream.count({ kind: 'manifest', method: 'GET' })).toBe(0);
    });

    it('lets the upstream rest while its Retry-After runs', async () => {
      const { stage, client } = setting;
      const reference = limit(stage, `library/${id}-rest`);
      const began = performance.now();
      for (const _ of ['first', 'second']) {
        expectPulled(await client.pull(reference));
        await client.remove(reference);
      }
      const minutes = Math.floor((performance.now() - began) / 60_000);
      const heads = stage.upstream.count({ kind: 'manifest', method: 'HEAD', status: 429 });
      expect(heads).toBeLessThanOrEqual(1 + minutes);
      expect(stage.upstream.count({ kind: 'manifest', method: 'GET' })).toBe(0);
    });
  });
}
