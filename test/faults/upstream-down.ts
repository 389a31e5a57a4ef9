import { describe, expect, it } from 'vitest';
import type { RestartableMirror } from '../forms/mirror.ts';
import { image, largeLayer, movedImage, openScenes, repository, type Target } from './scene.ts';

/** The upstream is gone, silent or refuses everybody. */
export function describeUpstreamDown<Mirror extends RestartableMirror>(
  target: Target<Mirror>,
): void {
  const setScene = openScenes(target);

  describe('upstream down', () => {
    // The peer serves the stale tag without a warning.
    it('warm: tag and digest go on, the tag with a Warning', async () => {
      const { upstream, warm, pull, manifest } = await setScene();
      await warm();
      await upstream.stop();
      expect(await pull()).toMatchObject({ isComplete: true });
      expect((await manifest()).headers.get('warning')).toMatch(/^299 - /);
      const byDigest = await manifest(image.manifest.digest);
      expect(byDigest.status).toBe(200);
      expect(byDigest.headers.get('warning')).toBeNull();
    });

    // The peer answers 404 MANIFEST_UNKNOWN for an image that exists.
    it('cold: 503 for a manifest, never 404', async () => {
      const { upstream, manifest } = await setScene();
      await upstream.stop();
      expect((await manifest()).status).toBe(503);
      const named = await manifest('1', '?ns=docker.io');
      expect(named.status).toBe(503);
      expect(named.headers.get('retry-after')).not.toBeNull();
    });

    it('cold: 429 for a blob, 503 where ns names the registry', async () => {
      const { upstream, manifest, blob } = await setScene();
      upstream.fail({ on: 'blob', do: { kind: 'silence' } });
      await manifest();
      await upstream.stop();
      expect((await blob()).status).toBe(429);
      expect((await blob(largeLayer, '?ns=docker.io')).status).toBe(503);
    });

    // podman and CRI-O do not fall back once a manifest came from the mirror.
    it('a manifest whose blobs are not stored is not served', async () => {
      const { upstream, manifest, blob } = await setScene();
      upstream.fail({ on: 'blob', do: { kind: 'status', status: 500 } });
      expect((await manifest()).status).toBe(200);
      await upstream.stop();
      // An instance counts on an upstream that lately answered, until it sees it fail.
      await blob();
      expect((await manifest(image.manifest.digest)).status).toBe(503);
      expect((await manifest()).status).toBe(503);
    });

    // The peer panics at start: its whole cache is gone.
    it('starting meanwhile: what is mirrored is served', async () => {
      const { upstream, mirror, warm, pull, manifest } = await setScene();
      await warm();
      await mirror.end('SIGTERM');
      await upstream.stop();
      await mirror.start();
      if (target.outlivesProcess) expect(await pull()).toMatchObject({ isComplete: true });
      else expect((await manifest()).status).toBe(503);
    });

    it('back again: the mirror asks it again', async () => {
      const { upstream, warm, pull } = await setScene();
      await upstream.stop();
      expect((await pull()).manifest.status).toBe(503);
      await upstream.start();
      await warm();
      expect(await pull()).toMatchObject({ isComplete: true });
    });
  });

  describe('upstream slow or silent', () => {
    it('warm: a tag is served stale within a few seconds', async () => {
      const { upstream, warm, manifest } = await setScene();
      await warm();
      upstream.fail({ on: 'manifest', do: { kind: 'silence' } });
      const response = await manifest();
      expect(response.status).toBe(200);
      expect(response.headers.get('warning')).toMatch(/^299 - /);
    });

    it('cold: an answer comes when the headers are overdue', async () => {
      const { upstream, manifest } = await setScene({}, { headersTimeout: '500ms' });
      upstream.fail({ on: 'manifest', do: { kind: 'silence' } });
      expect((await manifest()).status).toBe(503);
    });
  });

  describe('upstream answers 5xx or 401', () => {
    // The peer answers 404 to both.
    it('5xx, cold: 503', async () => {
      const { upstream, manifest } = await setScene();
      upstream.fail({ on: 'manifest', do: { kind: 'status', status: 503 } });
      expect((await manifest()).status).toBe(503);
    });

    it('401 to everybody: 404, and never 401, which would make dockerd send its password', async () => {
      const { manifest } = await setScene({ auth: 'required' });
      const response = await manifest();
      expect(response.status).toBe(404);
      expect(response.headers.get('www-authenticate')).toBeNull();
    });

    it('token service down, warm: the image goes on', async () => {
      const { upstream, mirror, warm, pull } = await setScene({ auth: 'anonymous' });
      await warm();
      upstream.fail({ on: 'token', do: { kind: 'status', status: 503 } });
      if (target.outlivesProcess) {
        await mirror.end('SIGTERM');
        await mirror.start();
      }
      expect(await pull()).toMatchObject({ isComplete: true });
    });
  });

  describe('a tag moved upstream', () => {
    it('is seen at once when its TTL is over, and its old image stays by digest', async () => {
      const { upstream, warm, pull, manifest } = await setScene();
      await warm();
      upstream.add(repository, movedImage, '1');
      expect(await pull()).toMatchObject({ isComplete: true });
      expect((await manifest()).headers.get('docker-content-digest')).toBe(
        movedImage.manifest.digest,
      );
      expect((await manifest(image.manifest.digest)).status).toBe(200);
    });
  });
}
