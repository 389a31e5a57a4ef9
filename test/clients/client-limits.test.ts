import { describe, expect, it } from 'vitest';
import { appImage } from './harness/app-image.ts';
import { type Client, useStage } from './harness/client.ts';
import { debianSid, sidNeeds, useDebianSid } from './harness/debian-sid.ts';
import type { Launch } from './harness/launch.ts';
import { startMirror } from './harness/mirror.ts';
import { startPodman } from './harness/podman-client.ts';
import { expectPulled } from './harness/pulling.ts';
import { describeWith } from './harness/requirement.ts';
import { startSkopeo } from './harness/skopeo-client.ts';
import type { Stage } from './harness/stage.ts';
import { triedClients } from './harness/tried-clients.ts';

interface LimitedClient {
  readonly name: string;
  readonly programs: readonly string[];
  readonly root: boolean;
  readonly start: (stage: Stage, launch?: Launch) => Promise<Client>;
  readonly isNewer?: boolean;
  /** Prints the Warning of an answer. */
  readonly reports?: boolean;
}

const clients: readonly LimitedClient[] = [
  ...triedClients.map((one) => ({ ...one, root: true })),
  { name: 'skopeo', programs: ['skopeo', 'busybox'], root: false, start: startSkopeo },
  {
    name: 'newer podman',
    programs: sidNeeds,
    root: true,
    start: startPodman,
    isNewer: true,
    reports: true,
  },
  {
    name: 'newer skopeo',
    programs: sidNeeds,
    root: true,
    start: startSkopeo,
    isNewer: true,
    reports: true,
  },
];

const minute = 60_000;

/** Pulls are counted by the minute of the clock: waits for one that does not end during a pull. */
async function beginMinute(): Promise<void> {
  const left = minute - (Date.now() % minute);
  if (left < 20_000) await new Promise((resolve) => setTimeout(resolve, left + 100));
}

for (const { name, programs, root, start, isNewer = false, reports = false } of clients) {
  describeWith(`${name} at a mirror that limits it`, { programs, root }, () => {
    if (isNewer) useDebianSid();
    let limits: object = {};
    const setting = useStage(
      `client-limits-${name.replace(' ', '-')}`,
      async (stage) => start(stage, isNewer ? await debianSid() : undefined),
      (folder, upstreams) => startMirror(folder, upstreams, { clients: { anonymous: limits } }),
    );

    /** Starts a mirror with limits for everyone; gives pulls of a first, a second and a third image. */
    async function open(consumption: object) {
      const { stage } = setting;
      limits = consumption;
      await stage.restart({ keep: false });
      const scene = `client-limits-${JSON.stringify(consumption).replace(/\W+/g, '-').toLowerCase()}`;
      const add = (number: number) => {
        const repository = `library/${scene}${number}`;
        for (const registry of [stage.upstream, stage.origin]) {
          registry.add(repository, appImage(`${name}-${scene}${number}`), '1');
        }
        return async () => {
          stage.tap.clear();
          stage.origin.clear();
          const outcome = await setting.client.pull(`docker.io/${repository}:1`);
          expectPulled(outcome);
          if (name.endsWith('skopeo')) await setting.client.remove(repository);
          return `${outcome.stdout}${outcome.stderr}`;
        };
      };
      return [add(1), add(2), add(3)] as const;
    }

    const manifestGets = () => setting.stage.tap.matching(/^GET .*\/manifests\//);
    const blobGets = () => setting.stage.tap.matching(/^GET .*\/blobs\//);

    /** It went to the registry for the manifest, at once. */
    function expectLeft(): void {
      const status = name === 'dockerd' ? 429 : 503;
      const asked = manifestGets();
      expect(asked.map((one) => one.status)).toEqual([status]);
      expect(asked[0]?.waited).toBeLessThan(10_000);
      expect(Number(asked[0]?.answer['ratelimit-reset'])).toBeGreaterThan(0);
      expect(setting.stage.origin.count({ kind: 'manifest', status: 200 })).toBeGreaterThan(0);
    }

    function expectWarned(text: RegExp, said: string): void {
      const warnings = setting.stage.tap.passed.map(({ answer }) => answer.warning ?? '');
      expect(warnings.filter((one) => text.test(one)).length).toBeGreaterThan(0);
      expect(setting.stage.origin.requests).toEqual([]);
      expect(text.test(said), said).toBe(reports);
    }

    describe('hard', () => {
      it('pulls a minute: the next image comes from the registry', async () => {
        const [first, second] = await open({ pullsPerMinute: 1, limits: 'hard' });
        await beginMinute();
        await first();
        expect(setting.stage.origin.requests).toEqual([]);
        await second();
        expectLeft();
      });

      it('bytes a month: what exceeds them comes from the registry', async () => {
        const [first, second, third] = await open({ bytesPerMonth: 4_500_000, limits: 'hard' });
        await first();
        expect(setting.stage.origin.requests).toEqual([]);
        await second();
        const canLeave = ['dockerd', 'containerd'].includes(name);
        if (canLeave) {
          expect(manifestGets().map(({ status }) => status)).toEqual([200]);
          expect(setting.stage.origin.count({ kind: 'blob', status: 200 })).toBeGreaterThan(0);
        } else {
          // After the manifest it could not leave.
          expectLeft();
        }
        await third();
        expectLeft();
      });

      it('the largest blob: it comes from the registry', async () => {
        const [first] = await open({ largestBlob: 2_000_000, limits: 'hard' });
        await first();
        expect(setting.stage.origin.count({ kind: 'blob', status: 200 })).toBeGreaterThan(0);
        expect(blobGets().filter(({ status, bytes }) => status === 200 && bytes > 2e6)).toEqual([]);
      });
    });

    describe('soft', () => {
      it.each([
        ['pulls a minute', { pullsPerMinute: 1 }, /more than 1 pulls a minute/],
        ['bytes a month', { bytesPerMonth: 3_000_000 }, /more than 3000000 bytes this month/],
        ['the largest blob', { largestBlob: 2_000_000 }, /and at most 2000000 for your address/],
      ])('%s: the mirror goes on, and warns', async (_, consumption, warning) => {
        const [first, second] = await open({ ...consumption, limits: 'soft' });
        await beginMinute();
        await first();
        expectWarned(warning, await second());
      });
    });
  });
}
