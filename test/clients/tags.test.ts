import { expect, it, vi } from 'vitest';
import { patience } from '../patience.ts';
import { appImage } from './harness/app-image.ts';
import { type Client, useStage } from './harness/client.ts';
import type { ContainerdClient } from './harness/containerd-client.ts';
import { type MirrorUpstream, startMirror } from './harness/mirror.ts';
import type { PodmanClient } from './harness/podman-client.ts';
import { expectPulled } from './harness/pulling.ts';
import { describeWith } from './harness/requirement.ts';
import { documentedText } from './harness/set-up-text.ts';
import { type StoppedMirror, withStoppedMirror } from './harness/stopped-mirror.ts';
import { triedClients } from './harness/tried-clients.ts';

const day = 86_400_000;
const ann = { by: 'ann', why: 'it broke overnight' };

/** Sets a client up as the documentation says for one without a fallback; gives its name of an image. */
function withoutFallback(client: Client, address: string, repository: string): string {
  const documented = (words: string) => documentedText('tags.md', words, address);
  if ('containerd' in client) {
    const { containerd } = client as ContainerdClient;
    containerd.hosts('docker.io', documented('server ='));
  } else if ('tools' in client) {
    const { tools } = client as PodmanClient;
    tools.registries(documented('prefix ='));
  } else {
    // dockerd takes an address on loopback without TLS.
    return `${address}/docker.io/${repository}:1`;
  }
  return `docker.io/${repository}:1`;
}

// A mirror that serves tags over time is of use only if each client takes what it serves.
for (const { name, programs, start } of triedClients) {
  describeWith(`${name} and tags over time`, { programs, root: true }, () => {
    /** What happens between two processes of the mirror. */
    let between: ((mirror: StoppedMirror) => Promise<void>) | undefined;
    const setting = useStage(`tags-${name}`, start, async (folder, upstreams) => {
      if (between !== undefined) await withStoppedMirror(folder, upstreams, between);
      between = undefined;
      return startMirror(folder, upstreams);
    });

    /** A tag of a new repository, at a mirror with these rules. */
    async function open(what: string, upstream: Partial<MirrorUpstream>) {
      const { stage, client } = setting;
      const repository = `library/tags-${name}-${what}`;
      const [before, after] = [appImage(`${what} before`), appImage(`${what} after`)];
      const changed = { tagTtl: '1ms', ...upstream };
      await stage.restart({ keep: false, ...changed });
      return {
        before,
        after,
        repository,
        named: { repository: { registry: 'docker.io', name: repository }, tag: '1' },
        /** Moves the tag at the registry, wherever clients find it. */
        move(image: typeof before) {
          stage.upstream.add(repository, image, '1');
          stage.origin.add(repository, image, '1');
        },
        /** Expects that the client gets an image, and gets it from the mirror. */
        async expectPull(image: typeof before, tag = '1') {
          const reference = `docker.io/${repository}:${tag}`;
          expectPulled(await client.pull(reference));
          const kept = await client.digest?.(reference);
          expect([image.manifest.digest, image.config.digest]).toContain(kept);
          expect(await client.run?.(reference, ['cat', '/name'])).toBe(
            image === before ? `${what} before` : `${what} after`,
          );
          await client.remove(reference);
          expect(stage.origin.requests).toEqual([]);
        },
        async warning() {
          const answer = await fetch(`${stage.mirror.url}/v2/${repository}/manifests/1`);
          await answer.arrayBuffer();
          return answer.headers.get('warning') ?? '';
        },
        /** Starts the mirror again, over what `change` made of its store. */
        async restart(change: (mirror: StoppedMirror) => Promise<void>) {
          between = change;
          await stage.restart({ keep: true, ...changed });
        },
      };
    }

    it('keeps a frozen tag where it was', async () => {
      const { before, after, move, expectPull, restart } = await open('freeze', {
        tags: [{ match: 'library/**', freeze: true }],
      });
      move(before);
      await expectPull(before);
      move(after);
      await expectPull(before);
      await restart(async () => undefined);
      await expectPull(before);
    });

    it('goes back to the image before, and forward again', async () => {
      const { before, after, move, expectPull, restart, named } = await open('back', {});
      move(before);
      await expectPull(before);
      move(after);
      await expectPull(after);
      await restart(async ({ tags }) => {
        const order = await tags.rollBack(named, ann);
        expect(order.digest).toBe(before.manifest.digest);
      });
      await expectPull(before);
      await restart(({ tags }) => tags.thaw(named, ann));
      await expectPull(after);
    });

    it('gets what a tag named on a date', async () => {
      const { before, after, move, expectPull, restart, named } = await open('dated', {
        asOf: true,
      });
      move(before);
      await expectPull(before);
      move(after);
      await expectPull(after);
      // The image before stood for two days, until yesterday.
      await restart(async ({ states }) => {
        const { state, revision } = (await states.getTagState(named.repository, '1')) ?? {};
        if (state === undefined) throw new Error('a tag that moved has a state');
        const runs = state.runs.map((run) =>
          run.digest === before.manifest.digest
            ? { ...run, first: run.first - 3 * day, last: run.last - day }
            : run,
        );
        await states.putTagState(named.repository, '1', { ...state, runs }, revision);
      });
      const dateOf = (moment: number) =>
        new Date(moment).toISOString().slice(0, 16).replaceAll(/[-:]/g, '');
      const [yesterday] = dateOf(Date.now() - day).split('T');
      await expectPull(before, `1--as-of-${yesterday}`);
      await expectPull(after, `1--as-of-${dateOf(Date.now())}`);
      await expectPull(after);
    });

    it('gets a new image once it is old enough', async () => {
      const { before, after, move, expectPull, warning } = await open('cooldown', {
        tags: [{ match: 'library/**', cooldown: '10s', mode: 'enforce' }],
      });
      const released = () =>
        vi.waitUntil(async () => (await warning()) === '', { ...patience, interval: 500 });
      move(before);
      await expectPull(before);
      await released();
      move(after);
      await expectPull(before);
      expect(await warning()).toContain(`docker.io now has ${after.manifest.digest}`);
      await released();
      await expectPull(after);
    });

    // The last test: it changes the client's set-up.
    it('is bound by a refusal only without a fallback', async () => {
      const { stage, client } = setting;
      const { before, move, repository } = await open('denied', {
        tags: [{ match: 'library/**', deny: true, mode: 'enforce' }],
      });
      move(before);
      const reference = `docker.io/${repository}:1`;
      expectPulled(await client.pull(reference));
      expect(stage.origin.count({ kind: 'manifest', status: 200 })).toBeGreaterThan(0);
      await client.remove(reference);
      stage.origin.clear();
      stage.tap.clear();
      const outcome = await client.pull(withoutFallback(client, stage.tap.address, repository));
      expect(outcome.ok, outcome.stderr).toBe(false);
      expect(stage.tap.matching(/manifests\/1.* -> 403$/).length).toBeGreaterThan(0);
      expect(stage.origin.requests).toEqual([]);
      await stage.restart({ keep: false });
      expectPulled(await client.pull(withoutFallback(client, stage.tap.address, repository)));
      expect(stage.origin.requests).toEqual([]);
    });
  });
}
