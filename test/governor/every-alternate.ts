import { describe, expect, it } from 'vitest';
import type { RestartableMirror, StartMirror } from '../forms/mirror.ts';
import { image, openAlternateScenes, otherImage, repository } from './alternates.ts';

const pullsRefused = { limit: 0, windowSeconds: 21_600, headWhenExhausted: 200 } as const;
const allRefused = { limit: 0, windowSeconds: 21_600, headWhenExhausted: 429 } as const;
const manifestGet = { kind: 'manifest', method: 'GET' } as const;

/** A form of the mirror with another registry that has the same digests as the Hub. */
export interface AlternatesTarget<Mirror extends RestartableMirror = RestartableMirror> {
  readonly name: string;
  readonly start: StartMirror<Mirror>;
}

/** Whole exchanges with alternates. */
export function describeAlternates(target: AlternatesTarget): void {
  const openScene = openAlternateScenes(target.start);

  describe(`alternates on ${target.name}`, () => {
    it('a registry that answers is the only one that is asked', async () => {
      const { pull, other } = await openScene();
      expect(await pull()).toMatchObject({ isComplete: true });
      expect(other.requests).toEqual([]);
    });

    it('a new image comes from the alternate while the Hub refuses pulls', async () => {
      const { pull, hub, other, mirror } = await openScene({ hub: { pullLimit: pullsRefused } });
      expect(await pull()).toMatchObject({ isComplete: true });
      expect(other.count(manifestGet)).toBe(1);
      expect(other.requests.every(({ reference }) => reference !== '1')).toBe(true);
      // The Hub counts no HEADs and no blobs, so these still come from there.
      expect(hub.count({ kind: 'blob' })).toBeGreaterThan(0);
      expect(mirror.output).toMatch(/"alternate-used"/);
    });

    it('a known image whose blobs are gone is completed while the Hub is down', async () => {
      const { manifest, pull, hub, other } = await openScene();
      await (await manifest('1')).arrayBuffer();
      await hub.stop();
      expect(await pull()).toMatchObject({ isComplete: true });
      expect(other.count({ kind: 'blob' })).toBeGreaterThan(0);
      const answer = await manifest('1');
      expect(answer.headers.get('warning')).toMatch(/^299 - ".*docker\.io/);
    });

    it('a tag that only a HEAD asked for comes from the alternate while the Hub is down', async () => {
      const { mirror, hub, pull, other } = await openScene();
      await mirror.get(`/v2/${repository}/manifests/1`, { method: 'HEAD' });
      await hub.stop();
      expect(await pull()).toMatchObject({ isComplete: true });
      expect(other.count(manifestGet)).toBe(1);
    });

    it('a slow Hub is not waited for', async () => {
      const { mirror, hub, pull } = await openScene();
      await mirror.get(`/v2/${repository}/manifests/1`, { method: 'HEAD' });
      hub.fail({ on: 'manifest', method: 'GET', do: { kind: 'silence' } });
      hub.fail({ on: 'blob', do: { kind: 'silence' } });
      const began = Date.now();
      expect(await pull()).toMatchObject({ isComplete: true });
      expect(Date.now() - began).toBeLessThan(9_000);
    });

    it('an alternate that has other bytes under the digest is not believed', async () => {
      const { manifest, other } = await openScene({ hub: { pullLimit: pullsRefused } });
      other.fail({ on: 'manifest', do: { kind: 'flip', at: 20 } });
      const answer = await manifest();
      expect(answer.status).toBe(429);
      expect(other.count(manifestGet)).toBe(1);
    });

    it('what the alternate says of a tag does not matter', async () => {
      const { pull, manifest, other } = await openScene({ hub: { pullLimit: pullsRefused } });
      other.add(repository, otherImage, '1');
      expect(await pull()).toMatchObject({ isComplete: true });
      const head = await manifest();
      expect(head.headers.get('docker-content-digest')).toBe(image.manifest.digest);
    });

    it('a tag never seen before is not taken from an alternate', async () => {
      const { manifest, other } = await openScene({ hub: { pullLimit: allRefused } });
      expect((await manifest()).status).toBe(429);
      expect(other.requests).toEqual([]);
    });

    it('a digest that the Hub never named is not taken from an alternate', async () => {
      const { manifest, hub, other } = await openScene();
      other.add(repository, otherImage, '2');
      await hub.stop();
      expect((await manifest(otherImage.manifest.digest)).status).toBe(503);
      expect(other.count(manifestGet)).toBe(0);
    });

    it('with alternatesForUnseenTags it is, labeled, until the Hub names the tag', async () => {
      const { manifest, pull, hub, other } = await openScene({
        upstream: { alternatesForUnseenTags: true },
      });
      other.add(repository, otherImage, '1');
      await hub.stop();
      const answer = await manifest();
      expect(answer.status).toBe(200);
      expect(answer.headers.get('docker-content-digest')).toBe(otherImage.manifest.digest);
      expect(answer.headers.get('warning')).toMatch(/not confirmed by docker\.io.*mirror\.test/);
      expect(answer.headers.get('cache-status')).toContain('detail=alternate');
      expect(await pull()).toMatchObject({ isComplete: true });
      await hub.start();
      const confirmed = await manifest();
      expect(confirmed.headers.get('docker-content-digest')).toBe(image.manifest.digest);
      expect(confirmed.headers.get('warning')).toBeNull();
    });

    it('an alternate that is limited too: the answer is the truth', async () => {
      const { manifest, other } = await openScene({
        hub: { pullLimit: pullsRefused },
        other: { pullLimit: pullsRefused },
      });
      const answer = await manifest();
      expect(answer.status).toBe(429);
      expect((await manifest('1', '?ns=docker.io')).status).toBe(503);
      expect(other.count(manifestGet)).toBe(1);
    });

    it.each([
      ['the upstream is private', { private: true }],
      [
        'an account with access is configured',
        {
          credentials: {
            username: 'u',
            password: { env: 'HUB_TOKEN' },
            for: 'access',
            readers: ['anyone'],
          },
        },
      ],
    ])('no name is sent to an alternate if %s', async (_, upstream) => {
      const { manifest, mirror, hub, other } = await openScene({
        upstream,
        hub: { accounts: [{ username: 'u', password: 'p' }] },
      });
      await mirror.get(`/v2/${repository}/manifests/1`, { method: 'HEAD' });
      await hub.stop();
      await (await manifest()).arrayBuffer();
      expect(other.requests).toEqual([]);
    });
  });
}
