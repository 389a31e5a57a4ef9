import { expect, it } from 'vitest';
import { appImage } from './harness/app-image.ts';
import { useStage } from './harness/client.ts';
import { debianSid, sidNeeds, useDebianSid } from './harness/debian-sid.ts';
import { startPodman } from './harness/podman-client.ts';
import { expectPulled } from './harness/pulling.ts';
import { describeWith } from './harness/requirement.ts';
import { startSkopeo } from './harness/skopeo-client.ts';
import type { Stage } from './harness/stage.ts';

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

/** Longer than the mirror rests after a failure, shorter than it refuses the manifest. */
const restMs = 8000;

/** How the host that the upstream redirects blobs to can fail. */
const troubles: readonly { name: string; prepare(stage: Stage): Promise<void> | void }[] = [
  { name: 'refuses connections', prepare: ({ upstream }) => upstream.stop('cdn') },
  {
    name: 'answers 503',
    prepare: ({ upstream }) => upstream.fail({ on: 'cdn', do: { kind: 'status', status: 503 } }),
  },
  {
    name: 'answers nothing, as behind a firewall',
    prepare: ({ upstream }) => upstream.fail({ on: 'cdn', do: { kind: 'silence' } }),
  },
];

// With a manifest of the mirror they never ask the origin for a blob. Buildah and CRI-O use the same
// library.
for (const { name, needs, start, launch } of clients) {
  describeWith(`${name} with a blob host that the mirror cannot use`, needs, () => {
    const id = `blob-host-${name.replace(' ', '-')}`;
    if (launch !== undefined) useDebianSid();
    const setting = useStage(id, async (stage) => start(stage, await launch?.()));

    for (const [number, trouble] of troubles.entries()) {
      it(`gets the image after one failure at the latest when it ${trouble.name}`, async () => {
        const { stage, client } = setting;
        const repository = `library/${id}-${number}`;
        const image = appImage(`${id}-${number}`);
        for (const one of [stage.upstream, stage.origin]) one.add(repository, image, '1');
        await stage.restart({ keep: false, tagTtl: '1s', headersTimeout: '3s' });
        await trouble.prepare(stage);
        // Newer ones retry the whole pull themselves, and may get it here already.
        const first = await client.pull(`docker.io/${repository}:1`);
        if (first.ok) await client.remove(`docker.io/${repository}:1`);
        await new Promise((resolve) => setTimeout(resolve, restMs));
        stage.tap.clear();
        expectPulled(await client.pull(`docker.io/${repository}:1`));
        expect(stage.tap.matching(/\/manifests\//).map((one) => one.status)).toEqual([503]);
        expect(stage.origin.count({ kind: 'manifest', status: 200 })).toBeGreaterThan(0);
      });
    }
  });
}
