import { describe, expect, test } from 'vitest';
import { followFills } from '../../functions/core/mirror/blobs/follow-fill.ts';
import type { ManifestOutcome } from '../../functions/core/mirror/mirror.ts';
import type { ManifestStore } from '../../functions/core/ports/manifest-store.ts';
import type { TagStates } from '../../functions/core/ports/tag-states.ts';
import { openMemoryStore } from '../../functions/memory/open.ts';
import { nodeRuntime } from '../../functions/node/runtime.ts';
import { makeImage } from '../standins/images/image.ts';
import { randomLayer } from '../standins/images/layer.ts';
import { type MirrorUnderTest, openMirror } from '../unit/core/mirror/mirror-over-store.ts';
import { madeRule } from '../unit/core/tag-policy/made-rule.ts';
import type { OpenedPort } from './opened-port.ts';

const hour = 3_600_000;
const day = 24 * hour;
const names = ['plain', 'frozen', 'cooling'] as const;
const image = (seed: string) => makeImage({ layers: [randomLayer(`previous ${seed}`, 2000)] });
const [before, after, last] = [image('before'), image('after'), image('last')];

const cooldown = { age: day, first: 'allow', fast: 'stay', strict: false, clock: 'first-seen' };
const tags = [
  madeRule('library/frozen', { freeze: true }),
  madeRule('library/cooling', { cooldown: cooldown as never }),
];

/** A version without states of tags has the records alone: it reads and writes no state. */
const withoutStates: TagStates = {
  getTagState: async () => undefined,
  putTagState: async () => true,
  listTagStates: async () => [],
};

function asPreviousVersion(store: ManifestStore): ManifestStore {
  return new Proxy(store, {
    get: (target, name) => {
      const value = Reflect.get(withoutStates, name) ?? Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** Mirrors of the previous version and of this one take turns over one store. */
export function describePreviousVersion(opened: () => OpenedPort<ManifestStore>): void {
  describe('the previous version on the same store', () => {
    async function open() {
      const { store } = opened();
      const start = (manifests: ManifestStore, policy: object) =>
        openMirror({
          policy,
          missingBlobs: { ...followFills, otherInstancesFill: true },
          openStore: async (now) => {
            const { createHash } = nodeRuntime(() => undefined).runtime;
            return { ...openMemoryStore({ now, createHash }), manifests };
          },
        });
      const older = await start(asPreviousVersion(store), {});
      const newer = await start(store, { tags, asOf: true });
      const pull = async (mirror: MirrorUnderTest) => {
        const digests: string[] = [];
        for (const name of names) {
          const outcome: ManifestOutcome = await mirror.tag(`library/${name}`, '1');
          await mirror.settled();
          digests.push(outcome.kind === 'found' ? outcome.digest : outcome.kind);
        }
        return digests;
      };
      return {
        older: () => pull(older),
        newer: () => pull(newer),
        asOf: (date: string) => newer.tag('library/plain', `1--as-of-${date}`),
        move(to: typeof before) {
          for (const { upstream } of [older, newer]) {
            for (const name of names) upstream.add(`library/${name}`, to, '1');
          }
        },
        pass(milliseconds: number) {
          for (const mirror of [older, newer]) mirror.pass(milliseconds);
        },
        failures: () =>
          [...older.events, ...newer.events].filter(({ kind }) => kind === 'store-failed'),
      };
    }

    const [a, b, c] = [before, after, last].map(({ manifest }) => manifest.digest);

    test('each serves what it knows, whichever sees a move first', async () => {
      const { older, newer, move, pass, failures, asOf } = await open();
      move(before);
      expect(await older()).toEqual([a, a, a]);
      expect(await newer()).toEqual([a, a, a]);
      pass(day);
      expect(await newer()).toEqual([a, a, a]);
      move(after);
      pass(hour);
      expect(await older()).toEqual([b, b, b]);
      expect(await newer()).toEqual([b, a, a]);
      pass(hour);
      expect(await older()).toEqual([b, b, b]);
      expect(await newer()).toEqual([b, a, a]);
      pass(day);
      expect(await older()).toEqual([b, b, b]);
      expect(await newer()).toEqual([b, a, b]);
      move(last);
      pass(hour);
      expect(await newer()).toEqual([c, a, b]);
      expect(await older()).toEqual([c, c, c]);
      pass(hour);
      expect(await newer()).toEqual([c, a, b]);
      expect(await asOf('20260101')).toMatchObject({ digest: a });
      expect(await asOf('20260102T0059')).toMatchObject({ digest: a });
      expect(await asOf('20260103')).toMatchObject({ digest: c });
      expect(failures()).toEqual([]);
    });

    test('a downgrade loses the rules, and an upgrade after it finds them again', async () => {
      const { older, newer, move, pass, failures } = await open();
      move(before);
      await newer();
      pass(day);
      await newer();
      for (const [to, digest] of [
        [after, b],
        [last, c],
      ] as const) {
        move(to);
        pass(hour);
        expect(await older()).toEqual([digest, digest, digest]);
      }
      expect(await newer()).toEqual([c, a, a]);
      expect(failures()).toEqual([]);
    });
  });
}
