import { expect, it } from 'vitest';
import type { RequestKind } from '../standins/registry/record.ts';
import { appImage } from './harness/app-image.ts';
import { type Client, useStage } from './harness/client.ts';
import { startContainerdClient } from './harness/containerd-client.ts';
import { debianSid, sidNeeds, useDebianSid } from './harness/debian-sid.ts';
import { startDocker } from './harness/docker-client.ts';
import { startPodman } from './harness/podman-client.ts';
import { expectPulled } from './harness/pulling.ts';
import { describeWith } from './harness/requirement.ts';
import type { Stage } from './harness/stage.ts';

/** How long the mirror waits for headers: far above the second in which it must answer afterwards. */
const deadlineMs = 10_000;

/** What waited longer waited for the deadline; a timer may be early by a little. */
const waitedMs = deadlineMs - 100;

const needs = { programs: [...sidNeeds, 'openssl'], root: true };

interface SilentCase {
  readonly name: string;
  /** Whether it turns to the origin for blobs as well. */
  readonly blobs: boolean;
  start(stage: Stage): Promise<Client>;
}

const clients: readonly SilentCase[] = [
  {
    name: 'newer dockerd',
    blobs: true,
    start: async (stage) => startDocker(stage, { launch: await debianSid() }),
  },
  {
    name: 'newer dockerd with containerd store',
    blobs: true,
    start: async (stage) =>
      startDocker(stage, { launch: await debianSid(), containerdStore: true }),
  },
  {
    name: 'newer containerd',
    blobs: true,
    start: async (stage) => startContainerdClient(stage, await debianSid()),
  },
  {
    name: 'newer podman',
    blobs: false,
    start: async (stage) => startPodman(stage, await debianSid()),
  },
];

/** The upstream takes connections and never answers these requests. */
function silence(stage: Stage, kinds: readonly RequestKind[]): void {
  for (const on of kinds) stage.upstream.fail({ on, do: { kind: 'silence' } });
}

for (const { name, blobs, start } of clients) {
  describeWith(`${name} with a silent upstream`, needs, () => {
    const id = name.replaceAll(' ', '-');
    useDebianSid();
    const setting = useStage(`silent-${id}`, start);

    async function prepare(what: string): Promise<string> {
      const { stage } = setting;
      await stage.restart({ keep: false, headersTimeout: `${deadlineMs}ms` });
      const repository = `library/silent-${id}-${what}`;
      const image = appImage(`silent-${id}-${what}`);
      for (const one of [stage.upstream, stage.origin]) one.add(repository, image, '1');
      return `docker.io/${repository}:1`;
    }

    const waiting = (): number =>
      setting.stage.tap.passed.filter(({ waited }) => waited > waitedMs).length;

    it('waits for it once, and gets the image from the origin', async () => {
      const { stage, client } = setting;
      const reference = await prepare('registry');
      silence(stage, ['ping', 'token', 'manifest', 'blob']);
      expectPulled(await client.pull(reference));
      expect(waiting()).toBe(1);
      await client.remove(reference);
    });

    if (blobs) {
      it('waits once for a silent blob host, and gets the image from the origin', async () => {
        const { stage, client } = setting;
        const reference = await prepare('cdn');
        silence(stage, ['cdn']);
        expectPulled(await client.pull(reference));
        expect(waiting()).toBeLessThanOrEqual(1);
        await client.remove(reference);
      });
    }
  });
}
