import { describe, expect, it } from 'vitest';
import type { RestartableMirror } from '../forms/mirror.ts';
import { image, largeLayer, openScenes, type Target } from './scene.ts';

/** More than all other blobs of the image, less than the large layer. */
const withoutLargeLayer = 1_000_000;

/** The upstream breaks, slows or falsifies what it sends. */
export function describeBrokenBodies<Mirror extends RestartableMirror>(
  target: Target<Mirror>,
): void {
  const setScene = openScenes(target);

  const blobs = { blobs: 'stream' } as const;
  const through = { delivery: 'stream' } as const;

  describe('upstream breaks a blob on its way', () => {
    // The peer's client gets 200 and a cut connection; nothing is resumed.
    it.each([
      ['ends it early', { kind: 'truncate', after: 1_000_000 }],
      ['resets the connection', { kind: 'reset', after: 1_000_000 }],
    ] as const)('%s: resumed by Range, the client notices nothing', async (_, action) => {
      const { upstream, pull } = await setScene(blobs, through);
      upstream.fail({ on: 'blob', match: largeLayer, times: 2, do: action });
      expect(await pull()).toMatchObject({ isComplete: true });
      const ranges = upstream.requests
        .filter((one) => one.reference === largeLayer)
        .map((one) => one.headers.range);
      const resumed = ranges.filter((range) => /^bytes=[1-9]\d*-$/.test(String(range)));
      expect(resumed.length).toBeGreaterThan(0);
      if (target.followsFills) expect(ranges).toEqual([undefined, ...resumed]);
    });

    it('also at the host that it redirects to', async () => {
      const { upstream, pull } = await setScene({}, through);
      upstream.fail({ on: 'cdn', times: 2, do: { kind: 'truncate', after: 100_000 } });
      expect(await pull()).toMatchObject({ isComplete: true });
    });

    it('and ignores Range afterwards: what came is skipped', async () => {
      const { upstream, pull } = await setScene(blobs, through);
      upstream.fail({
        on: 'blob',
        match: largeLayer,
        times: 1,
        do: { kind: 'truncate', after: 1_000_000 },
      });
      upstream.fail({ on: 'blob', do: { kind: 'ignore-range' } });
      expect(await pull()).toMatchObject({ isComplete: true });
    });

    // The peer hangs without an end.
    it('stalls: resumed when the pause is too long', async () => {
      const { upstream, pull } = await setScene(blobs, { ...through, stallTimeout: '300ms' });
      upstream.fail({
        on: 'blob',
        match: largeLayer,
        times: 1,
        do: { kind: 'stall', after: 65_536 },
      });
      expect(await pull()).toMatchObject({ isComplete: true });
    });

    it('stalls at each attempt: the client’s connection is cut, and never waits without end', async () => {
      const { upstream, mirror, pull } = await setScene(blobs, {
        ...through,
        stallTimeout: '300ms',
      });
      upstream.fail({ on: 'blob', match: largeLayer, do: { kind: 'stall', after: 1000 } });
      const { blobs: pulled } = await pull();
      expect(pulled.filter((blob) => !blob.isRight)).toEqual([{ status: 0, isRight: false }]);
      expect(await target.storedBytes(mirror)).toBeLessThan(withoutLargeLayer);
    });

    it('for good: the client’s connection is cut, nothing half is stored, a client that asks again gets it', async () => {
      const { upstream, mirror, pull, blob } = await setScene(blobs, through);
      const cutAt = { kind: 'truncate', after: 1_000_000 } as const;
      upstream.fail({ on: 'blob', match: largeLayer, times: 1, do: cutAt });
      upstream.fail({ on: 'blob', match: largeLayer, skip: 1, do: { kind: 'truncate', after: 0 } });
      expect(await pull()).toMatchObject({ isComplete: false });
      expect(await target.storedBytes(mirror)).toBeLessThan(withoutLargeLayer);
      upstream.set({ faults: [] });
      // The manifest is refused for a minute, so that no client chooses this mirror.
      const { byteLength } = await (await blob()).arrayBuffer();
      expect(byteLength).toBe(image.layers[0]?.size);
    });
  });

  describe('upstream sends wrong bytes', () => {
    // The peer passes the corrupt bytes on with a clean end.
    it.each([
      ['at the beginning', 10],
      ['at the very end', 2_999_990],
    ])('%s: no client gets a clean end, nothing is stored', async (_, at) => {
      const { upstream, mirror, pull, blob } = await setScene(blobs, through);
      upstream.fail({ on: 'blob', match: largeLayer, do: { kind: 'flip', at } });
      const pulled = await pull();
      expect(pulled.blobs.some((blob) => !blob.isRight)).toBe(true);
      expect(pulled.blobs.filter((blob) => !blob.isRight)).toEqual([{ status: 0, isRight: false }]);
      expect(await target.storedBytes(mirror)).toBeLessThan(withoutLargeLayer);
      upstream.set({ faults: [] });
      // The manifest is refused for a minute, so that no client chooses this mirror.
      const { byteLength } = await (await blob()).arrayBuffer();
      expect(byteLength).toBe(image.layers[0]?.size);
    });

    it('in a manifest: it is neither served nor stored', async () => {
      const { upstream, pull, manifest } = await setScene();
      upstream.fail({ on: 'manifest', method: 'GET', do: { kind: 'flip', at: 30 } });
      expect((await manifest()).status).toBe(503);
      upstream.set({ faults: [] });
      expect(await pull()).toMatchObject({ isComplete: true });
    });

    it('of another length than the manifest says: refused', async () => {
      const { upstream, blob, manifest } = await setScene(blobs, through);
      upstream.fail({ on: 'blob', match: largeLayer, do: { kind: 'wrong-length', by: 100 } });
      await manifest();
      expect((await blob()).status).toBe(429);
    });
  });
}
