import { request } from 'node:http';
import { describe, expect, it, vi } from 'vitest';
import type { RestartableMirror } from '../forms/mirror.ts';
import { patience } from '../patience.ts';
import { image, largeLayer, openScenes, type Target } from './scene.ts';

/** Many clients at once, and clients that leave or want parts. */
export function describeManyClients<Mirror extends RestartableMirror>(
  target: Target<Mirror>,
): void {
  const setScene = openScenes(target);

  const everything = [image.config, ...image.layers];
  const imageBytes = everything.reduce((sum, blob) => sum + blob.size, 0);

  describe('many clients of a cold image', () => {
    // The peer: 20 manifest GETs, 230 to 273 blob GETs, 23 to 32 times the bytes.
    it.each(target.followsFills ? [20] : [20, 200])(
      '%i cause one manifest GET and one GET a blob',
      async (clients) => {
        const blobs = target.followsFills ? 'stream' : 'redirect';
        const { upstream, pullPatiently } = await setScene({ auth: 'anonymous', blobs });
        const pulls = await Promise.all(Array.from({ length: clients }, () => pullPatiently()));
        expect(pulls.every((one) => one.isComplete)).toBe(true);
        expect(upstream.count({ kind: 'manifest', method: 'GET' })).toBe(1);
        const refused = upstream.count({ kind: 'blob', method: 'GET', status: 401 });
        expect(upstream.count({ kind: 'blob', method: 'GET' }) - refused).toBe(everything.length);
        // Elsewhere the bytes come from where the upstream redirects to, and not from the registry.
        if (target.followsFills) expect(upstream.bytes('blob')).toBe(imageBytes);
      },
    );

    it('are not held up by one that does not read, nor is the fill', async () => {
      const { mirror, manifest, pull } = await setScene({ blobs: 'stream' });
      await manifest();
      const lazy = request(`${mirror.url}/v2/library/app/blobs/${largeLayer}`);
      await new Promise((resolve) => lazy.on('response', resolve).end());
      expect(await pull()).toMatchObject({ isComplete: true });
      lazy.destroy();
    });
  });

  describe('a client leaves in the middle', () => {
    // The peer's fill goes on as well, and moves 5.6 MB for a blob of 4 MB.
    it('and stops nothing: the fill ends', async () => {
      let release = () => {};
      const until = new Promise<void>((resolve) => {
        release = resolve;
      });
      const { upstream, mirror, manifest, blob } = await setScene({ blobs: 'stream' });
      upstream.fail({
        on: 'blob',
        match: largeLayer,
        times: 1,
        do: { kind: 'hold', until, after: 1_000_000 },
      });
      await manifest();
      const leaving = new AbortController();
      const response = await blob(largeLayer, '', { signal: leaving.signal });
      await response.body?.getReader().read();
      leaving.abort();
      release();
      const next = await blob();
      expect((await next.arrayBuffer()).byteLength).toBe(image.layers[0]?.size);
      if (target.followsFills) {
        expect(upstream.count({ kind: 'blob', reference: largeLayer })).toBe(1);
      }
      await vi.waitFor(
        async () => expect(await target.storedBytes(mirror)).toBe(imageBytes),
        patience,
      );
    });
  });

  describe('a range', () => {
    it('of a cold blob is right, and so is the blob that is filled beside it', async () => {
      const { blob, manifest } = await setScene({ blobs: 'stream' });
      await manifest();
      const response = await blob(largeLayer, '', { headers: { range: 'bytes=1000000-1000099' } });
      expect(response.status).toBe(206);
      const bytes = Buffer.from(await response.arrayBuffer());
      expect(bytes).toEqual(
        Buffer.from(image.layers[0]?.bytes.subarray(1_000_000, 1_000_100) ?? []),
      );
    });

    it('of a warm blob is right, to its last byte', async () => {
      const { blob, warm } = await setScene();
      await warm();
      const response = await blob(largeLayer, '', { headers: { range: 'bytes=-5' } });
      expect(response.status).toBe(206);
      const size = image.layers[0]?.size ?? 0;
      expect(response.headers.get('content-range')).toBe(`bytes ${size - 5}-${size - 1}/${size}`);
      expect(Buffer.from(await response.arrayBuffer())).toEqual(
        Buffer.from(image.layers[0]?.bytes.subarray(-5) ?? []),
      );
    });
  });
}
