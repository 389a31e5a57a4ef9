import { describe, expect, it } from 'vitest';
import type { RestartableMirror } from '../forms/mirror.ts';
import { image, largeLayer, movedImage, openScenes, repository, type Target } from './scene.ts';

/** The upstream says that there were too many requests. */
export function describeUpstreamLimited<Mirror extends RestartableMirror>(
  target: Target<Mirror>,
): void {
  const setScene = openScenes(target);

  const hubLimit = { limit: 0, windowSeconds: 21600, headWhenExhausted: 429 } as const;

  describe('upstream answers 429 on manifests', () => {
    // The peer serves its copy as well, but says nothing of it.
    it('warm: the image goes on, with a Warning', async () => {
      const { upstream, pull, warm, manifest } = await setScene();
      await warm();
      upstream.set({ pullLimit: hubLimit });
      expect(await pull()).toMatchObject({ isComplete: true });
      const response = await manifest();
      expect(response.status).toBe(200);
      expect(response.headers.get('warning')).toMatch(/^299 - ".*docker\.io/);
      expect(response.headers.get('cache-status')).toMatch(/hit/);
    });

    // The peer answers 404 MANIFEST_UNKNOWN, and loses Retry-After.
    it('cold: 429 with Retry-After 1, and 503 where ns names the registry', async () => {
      const { manifest } = await setScene({ pullLimit: hubLimit });
      const plain = await manifest();
      expect(plain.status).toBe(429);
      expect(plain.headers.get('retry-after')).toBe('1');
      expect(await plain.json()).toMatchObject({ errors: [{ code: 'TOOMANYREQUESTS' }] });
      const named = await manifest('1', '?ns=docker.io');
      expect(named.status).toBe(503);
      expect(Number(named.headers.get('retry-after'))).toBeGreaterThan(0);
    });

    it('a moved tag whose new manifest is refused: the old image goes on', async () => {
      const { upstream, pull, warm, manifest } = await setScene();
      await warm();
      upstream.add(repository, movedImage, '1');
      upstream.set({ pullLimit: { ...hubLimit, headWhenExhausted: 200 } });
      expect(await pull()).toMatchObject({ isComplete: true });
      const head = await manifest();
      expect(head.headers.get('docker-content-digest')).toBe(image.manifest.digest);
    });
  });

  describe('upstream answers 429 with Retry-After', () => {
    const headers = { 'retry-after': '3600' };

    it('to HEAD and GET: it gets one request, however often clients ask, also after a restart', async () => {
      const { upstream, mirror, manifest } = await setScene();
      upstream.fail({ on: 'manifest', do: { kind: 'status', status: 429, headers } });
      const ask = async () => {
        for (const reference of ['1', '2', image.manifest.digest]) {
          expect((await manifest(reference)).status).toBe(429);
          expect((await manifest(reference, '?ns=docker.io')).status).toBe(503);
        }
      };
      await ask();
      // The first HEAD was not yet part of the limit.
      expect(upstream.count({ kind: 'manifest' })).toBeLessThanOrEqual(2);
      if (!target.outlivesProcess) return;
      await mirror.end('SIGTERM');
      await mirror.start();
      upstream.clear();
      await ask();
      expect(upstream.count({ kind: 'manifest' })).toBeLessThanOrEqual(1);
    });

    it('to GET only: it gets no more of them, and one HEAD a minute', async () => {
      const { upstream, manifest } = await setScene();
      upstream.fail({
        on: 'manifest',
        method: 'GET',
        do: { kind: 'status', status: 429, headers },
      });
      for (let times = 0; times < 5; times++) expect((await manifest()).status).toBe(429);
      expect(upstream.count({ kind: 'manifest', method: 'GET' })).toBe(1);
      expect(upstream.count({ kind: 'manifest', method: 'HEAD' })).toBeLessThanOrEqual(2);
    });
  });

  describe('upstream answers 429 on blobs', () => {
    // The peer answers 500, which dockerd repeats for 50 seconds.
    it('cold: 429 for dockerd and podman, 503 for containerd', async () => {
      const { upstream, manifest, blob } = await setScene();
      upstream.fail({ on: 'blob', do: { kind: 'status', status: 429 } });
      await manifest();
      const plain = await blob(largeLayer);
      expect(plain.status).toBe(429);
      expect(plain.headers.get('content-type')).toBe('application/json');
      expect((await blob(largeLayer, '?ns=docker.io')).status).toBe(503);
    });
  });

  describe('upstream shows its abuse page', () => {
    it.each([[true], ['lf-only']] as const)('header lines %s: as any other limit', async (page) => {
      const { upstream, warm, pull, manifest } = await setScene();
      await warm();
      upstream.set({ abusePage: page });
      expect(await pull()).toMatchObject({ isComplete: true });
      expect((await manifest('never-seen')).status).toBe(429);
    });
  });
}
