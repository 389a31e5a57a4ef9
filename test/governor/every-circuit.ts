import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { StartMirror } from '../forms/mirror.ts';
import { patience } from '../patience.ts';
import {
  type CircuitScene,
  last,
  next,
  one,
  openCircuitScene,
  openCircuitScenes,
  two,
  windowSeconds,
} from './circuits.ts';

/** Between two HEADs that try, with the most jitter, in ms. */
const longestTurn = 72_000;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));

const layerOf = { status: 200, bytes: one.layers[0]?.size };

/** Whole exchanges with a registry that limits pulls or requests. */
export function describeCircuits(name: string, start: StartMirror): void {
  const openScene = openCircuitScenes(start);

  describe(`circuits on ${name}`, () => {
    // Its minute passes while the other tests run.
    const closing: (() => Promise<void>)[] = [];
    let spent: CircuitScene;
    let spentAt: number;

    beforeAll(async () => {
      spent = await openCircuitScene(start, closing, {
        hub: { pullLimit: { limit: 1, windowSeconds } },
      });
      expect(await spent.manifest('one')).toBe(200);
      spentAt = Date.now();
    });

    afterAll(async () => {
      for (const close of closing.splice(0).reverse()) await close();
    });

    it('no pull is left: no GET is sent, and an image whose manifest is stored is completed', async () => {
      const { hub, mirror, manifest, blobOf, asked } = await openScene({
        hub: { pullLimit: { limit: 1, windowSeconds } },
      });
      expect(await manifest('one')).toBe(200);
      hub.clear();
      expect(await manifest('two')).toBe(429);
      expect(await manifest('one')).toBe(200);
      expect(await blobOf('one', one)).toEqual(layerOf);
      expect(asked('GET')).toBe(0);
      expect(asked('HEAD')).toBeGreaterThan(0);
      expect(mirror.output).toMatch(/"circuit":"pulls",.*"state":"open"/);
      // The next HEAD shows that the window began again.
      hub.set({ pullLimit: { limit: 5, windowSeconds } });
      expect(await manifest('one')).toBe(200);
      expect(await manifest('two')).toBe(200);
      expect(asked('GET')).toBe(1);
    });

    it('HEADs are refused, too: one is sent, and stored images are completed', async () => {
      const { hub, manifest, blobOf } = await openScene();
      const { digest } = one.manifest;
      expect(await manifest('one', digest)).toBe(200);
      hub.set({ pullLimit: { limit: 0, windowSeconds, headWhenExhausted: 429 } });
      hub.clear();
      for (let times = 0; times < 5; times++) expect(await manifest('two')).toBe(429);
      expect(hub.count({ kind: 'manifest' })).toBe(1);
      expect(await manifest('one', digest)).toBe(200);
      expect(await blobOf('one', one)).toEqual(layerOf);
    });

    it.each([true, 'lf-only'] as const)(
      'the page for abuse (%s) stops every request',
      async (abusePage) => {
        const { hub, manifest, blobOf } = await openScene();
        expect(await manifest('one')).toBe(200);
        hub.set({ abusePage });
        expect(await manifest('two')).toBe(429);
        hub.set({ abusePage: false });
        // A fill of the other image may be on its way.
        const sent = () => hub.requests.filter(({ path }) => path.includes('library/two')).length;
        const before = sent();
        expect(await manifest('two')).toBe(429);
        expect((await blobOf('two', two)).status).toBe(429);
        expect(sent()).toBe(before);
      },
    );

    it('a limited blob stops every request for its Retry-After', async () => {
      const { hub, manifest, blobOf } = await openScene({ upstream: { delivery: 'redirect' } });
      // Its blobs are not filled.
      expect(await manifest('one')).toBe(200);
      const headers = { 'retry-after': '3' };
      hub.fail({ on: 'blob', times: 1, do: { kind: 'status', status: 429, headers } });
      expect((await blobOf('two', two)).status).toBe(429);
      const before = hub.count({ kind: 'manifest' });
      expect(await manifest('two')).toBe(429);
      expect(hub.count({ kind: 'manifest' })).toBe(before);
      await vi.waitFor(async () => expect(await manifest('two')).toBe(200), patience);
    });

    it('below the reserve, a manifest that moved is pulled only for a client that waits', async () => {
      const { hub, mirror, pull, asked } = await openScene({
        hub: { pullLimit: { limit: 20, windowSeconds } },
        upstream: { revalidate: 'behind' },
      });
      const tag = async () => {
        const answer = await mirror.get('/v2/library/one/manifests/1');
        await answer.arrayBuffer();
        return answer.headers.get('docker-content-digest');
      };
      /** Waits for a check behind an answer. A function that is frozen continues with its next request. */
      const checked = (method: 'GET' | 'HEAD') =>
        vi.waitFor(async () => {
          await Promise.all([mirror.get('/v2/'), mirror.get('/v2/')]);
          expect(asked(method)).toBeGreaterThan(0);
        }, patience);
      const isBehind = async () => {
        const answer = await mirror.get('/v2/library/one/manifests/1', { method: 'HEAD' });
        return answer.headers.get('cache-status')?.includes('stale-while-revalidate') === true;
      };
      expect(await pull('one')).toMatchObject({ isComplete: true });
      await vi.waitFor(async () => expect(await isBehind()).toBe(true), patience);
      // The checks of these answers may still be on their way.
      await sleep(1_000);
      // Above the reserve it is pulled although no client waits.
      hub.add('library/one', two, '1');
      hub.clear();
      expect(await tag()).toBe(one.manifest.digest);
      await checked('GET');
      await vi.waitFor(async () => expect(await tag()).toBe(two.manifest.digest), patience);
      expect(await pull('one')).toMatchObject({ isComplete: true });
      await vi.waitFor(async () => expect(await isBehind()).toBe(true), patience);
      // Others at the same address spend most of it.
      for (let times = 0; times < 16; times++) {
        await (await fetch(`${hub.url}/v2/library/two/manifests/1`)).arrayBuffer();
      }
      await sleep(1_000);
      hub.add('library/one', next, '1');
      hub.clear();
      expect(await tag()).toBe(two.manifest.digest);
      await checked('HEAD');
      await sleep(300);
      expect(asked('GET')).toBe(0);
      // Each instance learns for itself that its check behind an answer failed.
      await vi.waitFor(async () => expect(await tag()).toBe(next.manifest.digest), patience);
      expect(asked('GET')).toBe(1);
    });

    it('a minute later one HEAD shows that pulls are left, whatever the clients ask for', async () => {
      const { hub, manifest, asked } = spent;
      const images = new Map([
        ['two', two],
        ['three', next],
        ['four', last],
      ]);
      for (const [name, image] of images) hub.add(`library/${name}`, image, '1');
      const asks = [...images].map(
        ([name, image]) =>
          () =>
            manifest(name, image.manifest.digest),
      );
      const ask = () => Promise.all(asks.map((one) => one()));
      hub.set({ pullLimit: { limit: 5, windowSeconds } });
      hub.clear();
      // A slow machine may need the whole minute for the other tests.
      if (Date.now() - spentAt < 55_000) {
        expect(await ask()).toEqual([429, 429, 429]);
        expect([asked('HEAD'), asked('GET')]).toEqual([0, 0]);
      }
      await sleep(spentAt + longestTurn + 1_000 - Date.now());
      expect(await ask()).toContain(200);
      expect(asked('HEAD')).toBe(1);
      expect(await ask()).toEqual([200, 200, 200]);
    });
  });
}
