import { expect, it } from 'vitest';
import { appImage } from './harness/app-image.ts';
import { useStage } from './harness/client.ts';
import { debianSid, sidNeeds, useDebianSid } from './harness/debian-sid.ts';
import { startPodman } from './harness/podman-client.ts';
import { expectPulled } from './harness/pulling.ts';
import { describeWith } from './harness/requirement.ts';
import { startSkopeo } from './harness/skopeo-client.ts';
import type { Stage } from './harness/stage.ts';

/** Between the first request to the mirror and the first to the origin. */
const longestMs = 2000;

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
      const turned = stage.origin
        .until({ kind: 'manifest', method: 'GET' })
        .then(() => performance.now());
      expectPulled(await client.pull(reference));
      const asked = stage.tap.matching(/\/manifests\//);
      expect(asked.map((one) => one.status)).toEqual([503]);
      expect((await turned) - (asked[0]?.at ?? 0)).toBeLessThan(longestMs);
      expect(stage.upstream.count({ kind: 'manifest', method: 'GET' })).toBe(0);
    });
  });
}
