import { describe, expect, it } from 'vitest';
import { appImage } from './app-image.ts';
import type { Setting, Traits } from './client.ts';
import { expectPulled } from './pulling.ts';
import type { Stage } from './stage.ts';

/** Why a mirror cannot serve an image, and how it answers requests for the manifest. */
interface Trouble {
  readonly name: string;
  readonly status: (traits: Traits) => number;
  /** Whether the upstream holds the image. */
  readonly atUpstream: boolean;
  prepare(stage: Stage): Promise<void> | void;
}

const troubles: readonly Trouble[] = [
  {
    name: 'the upstream limits the mirror',
    status: (traits) => traits.limitedStatus,
    atUpstream: true,
    prepare: ({ upstream }) =>
      upstream.set({ pullLimit: { limit: 0, windowSeconds: 21_600, headWhenExhausted: 429 } }),
  },
  {
    name: 'the upstream is gone',
    status: () => 503,
    atUpstream: true,
    prepare: ({ upstream }) => upstream.stop(),
  },
  {
    name: 'the upstream fails',
    status: () => 503,
    atUpstream: true,
    prepare: ({ upstream }) =>
      upstream.fail({ on: 'manifest', do: { kind: 'status', status: 500 } }),
  },
  {
    name: 'the upstream is silent',
    status: () => 503,
    atUpstream: true,
    async prepare({ restart, upstream }) {
      await restart({ keep: false, headersTimeout: '1s' });
      upstream.fail({ on: 'manifest', do: { kind: 'silence' } });
    },
  },
  {
    name: 'the upstream has no such image',
    status: () => 404,
    atUpstream: false,
    prepare: () => undefined,
  },
];

/**
 * How long the mirror may take to answer: generous on purpose, it tells "refuses" from "waits for some
 * timeout". The time of the whole pull is the client's own, and depends on the machine.
 */
const longestWaitMs = 10_000;

/** All that the mirror answered came without a wait for a timeout. */
function expectPrompt({ tap }: Stage): void {
  const late = tap.passed.filter(({ status, waited }) => status > 0 && waited > longestWaitMs);
  expect(late.map(({ target }) => target)).toEqual([]);
}

/** Whatever the mirror answers, the client reaches its origin and gets the image there. */
export function describeFallback(setting: Setting, traits: Traits): void {
  const reference = (number: number | string): string =>
    `docker.io/library/${traits.name}-fallback-${number}:1`;
  const repository = (number: number | string): string =>
    `library/${traits.name}-fallback-${number}`;

  describe('turns to the origin', () => {
    for (const [number, { name, prepare, status, atUpstream }] of troubles.entries()) {
      it(`when ${name}`, async () => {
        const { stage, client } = setting;
        const image = appImage(`${traits.name}-fallback-${number}`);
        stage.origin.add(repository(number), image, '1');
        if (atUpstream) stage.upstream.add(repository(number), image, '1');
        await prepare(stage);
        expectPulled(await client.pull(reference(number)));
        // containerd asks the mirror for the blobs all the same: the manifest is what counts.
        expect(stage.origin.count({ kind: 'manifest', status: 200 })).toBeGreaterThan(0);
        const answers = stage.tap.matching(/\/manifests\//);
        expect([...new Set(answers.map((one) => one.status))]).toEqual([status(traits)]);
        expectPrompt(stage);
        await client.remove(reference(number));
      });
    }

    it('when the mirror itself is gone', async () => {
      const { stage, client } = setting;
      stage.origin.add(repository('gone'), appImage(`${traits.name}-fallback-gone`), '1');
      await stage.mirror.stop();
      expectPulled(await client.pull(reference('gone')));
      await client.remove(reference('gone'));
    });

    const blobs = traits.fallsBackForBlobs
      ? 'when the upstream gives the manifest and then no blobs'
      : 'never after it has a manifest: without blobs it fails';
    it(blobs, async () => {
      const { stage, client } = setting;
      const image = appImage(`${traits.name}-fallback-blobs`);
      for (const one of [stage.origin, stage.upstream]) one.add(repository('blobs'), image, '1');
      stage.upstream.fail({ on: 'blob', do: { kind: 'status', status: 500 } });
      const outcome = await client.pull(reference('blobs'));
      expect(outcome.ok, `${outcome.stdout}${outcome.stderr}`).toBe(traits.fallsBackForBlobs);
      expect(stage.tap.matching(/\/manifests\/.* -> 200$/).length).toBeGreaterThan(0);
      expect(stage.origin.count({ kind: 'blob', status: 200 })).toBe(
        traits.fallsBackForBlobs ? 3 : 0,
      );
      expectPrompt(stage);
      if (outcome.ok) await client.remove(reference('blobs'));
    });
  });
}
