import { join } from 'node:path';
import { expect, it } from 'vitest';
import { goArchitecture, multiImage } from './harness/app-image.ts';
import { useStage } from './harness/client.ts';
import { debianSid, sidNeeds, useDebianSid } from './harness/debian-sid.ts';
import { startPodman } from './harness/podman-client.ts';
import { expectPulled } from './harness/pulling.ts';
import { describeWith } from './harness/requirement.ts';
import type { Stage } from './harness/stage.ts';

const other = goArchitecture === 'arm64' ? 'amd64' : 'arm64';

/** Two pulls need less; clients that repeat what the mirror refuses need more. */
const mostRequests = 12;

/** Docker Hub's limit. */
const spent = { limit: 0, windowSeconds: 21_600 } as const;

/** Why the mirror cannot get the manifests in the index that it has. */
const troubles: readonly { name: string; prepare(stage: Stage): Promise<void> | void }[] = [
  {
    name: 'GETs are limited and HEADs are not',
    prepare: ({ upstream }) => upstream.set({ pullLimit: { ...spent, headWhenExhausted: 200 } }),
  },
  {
    name: 'all requests are limited',
    prepare: ({ upstream }) => upstream.set({ pullLimit: { ...spent, headWhenExhausted: 429 } }),
  },
  { name: 'the upstream is down', prepare: ({ upstream }) => upstream.stop() },
];

const releases = [
  {
    name: 'podman and skopeo',
    needs: { programs: ['podman', 'skopeo', 'busybox'], root: true },
    launch: undefined,
  },
  {
    name: 'newer podman and skopeo',
    needs: { programs: sidNeeds, root: true },
    launch: debianSid,
  },
] as const;

// They do not turn to the origin for a manifest in an index that the mirror gave them.
for (const { name: clients, needs, launch } of releases) {
  describeWith(`${clients} with an index`, needs, () => {
    const id = `platforms-${clients.startsWith('newer') ? 'newer' : 'own'}`;
    if (launch !== undefined) useDebianSid();
    const setting = useStage(id, async (stage) => startPodman(stage, await launch?.()));

    /** An index at the upstream and at the origin. */
    async function addIndex(what: string): Promise<{ reference: string; copied: string }> {
      const { stage } = setting;
      const repository = `library/${id}-${what}`;
      const { index } = multiImage(`${id}-${what}`);
      await stage.restart({ keep: false, tagTtl: '0ms' });
      for (const one of [stage.upstream, stage.origin]) one.add(repository, index, '1');
      return { reference: `docker.io/${repository}:1`, copied: join(stage.folder, what) };
    }

    /** The mirror has the index and one complete platform, and can get no more. */
    async function withOnePlatform(what: string, { prepare }: (typeof troubles)[number]) {
      const { stage, client } = setting;
      const added = await addIndex(what);
      expectPulled(await client.pull(added.reference));
      await prepare(stage);
      stage.tap.clear();
      stage.origin.clear();
      return added;
    }

    const skopeo = (reference: string, copied: string, ...more: string[]) =>
      setting.client.tools.skopeo([
        ...['copy', '--quiet', '--all', ...more],
        ...[`docker://${reference}`, `dir:${copied}`],
      ]);

    /** Everything came from the origin. */
    function expectFromOrigin(most = mostRequests): void {
      const { origin, tap } = setting.stage;
      expect(origin.count({ kind: 'manifest', status: 200 })).toBeGreaterThan(0);
      expect(tap.passed.length).toBeLessThanOrEqual(most);
    }

    for (const [number, trouble] of troubles.entries()) {
      it(`another platform is pulled when ${trouble.name}`, async () => {
        const { reference } = await withOnePlatform(`other-${number}`, trouble);
        const { podman } = setting.client.tools;
        expectPulled(await podman(['pull', '--quiet', '--arch', other, reference]));
        expectFromOrigin();
      });

      it(`the platform that is stored is pulled when ${trouble.name}`, async () => {
        const { stage, client } = setting;
        const { reference } = await withOnePlatform(`same-${number}`, trouble);
        await client.remove(reference);
        expectPulled(await client.pull(reference));
        expect(stage.origin.requests).toEqual([]);
      });

      it(`all platforms are copied at the second try when ${trouble.name}`, async () => {
        const { reference, copied } = await withOnePlatform(`all-${number}`, trouble);
        const first = await skopeo(reference, copied);
        expect(first.stderr).toMatch(/toomanyrequests|unavailable/);
        expectPulled(await skopeo(reference, copied));
        expectFromOrigin(2 * mostRequests);
      });

      it(`all platforms are copied with --retry-times when ${trouble.name}`, async () => {
        const { reference, copied } = await withOnePlatform(`retry-${number}`, trouble);
        expectPulled(await skopeo(reference, copied, '--retry-times', '1'));
        expectFromOrigin(2 * mostRequests);
      });
    }

    it("any platform is pulled, and all are copied, when the index was the upstream's last pull", async () => {
      const { stage, client } = setting;
      for (const what of ['pull', 'copy']) {
        const { reference, copied } = await addIndex(`last-${what}`);
        stage.upstream.set({ pullLimit: { ...spent, limit: 1, headWhenExhausted: 200 } });
        expectPulled(
          what === 'pull' ? await client.pull(reference) : await skopeo(reference, copied),
        );
        expect(stage.upstream.count({ kind: 'manifest', method: 'GET' })).toBe(1);
        expectFromOrigin();
        await stage.reset();
      }
    });
  });
}
