import { describe, expect, it } from 'vitest';
import type { FaultAction } from '../standins/registry/faults.ts';
import { image, largeLayer, openScenes, repository, type Target } from './scene.ts';

const silence: FaultAction = { kind: 'silence' };

/** What the first request to a silent host waits for; the others wait for a second. In ms. */
const limit = 4_500;
const short = 1_000;
/** Less than the limit, and far more than a second: no machine is too slow for the difference. */
const waitsShortly = limit - 500;

/** A host accepts connections and never answers. */
export function describeSilentHosts(target: Target): void {
  const setScene = openScenes(target);
  const silent = () => setScene({}, { headersTimeout: `${limit}ms`, delivery: 'stream' });

  /** The status of an answer, and how long it took. */
  async function timed(answering: Promise<Response>) {
    const began = Date.now();
    const response = await answering;
    const body = await response.arrayBuffer();
    // The reason of a refusal, for the message of a test that fails.
    const reason = response.ok ? '' : new TextDecoder().decode(body);
    return { status: response.status, milliseconds: Date.now() - began, response, reason };
  }

  describe('silent hosts', () => {
    it('cold: one request waits, the others for a second, and so for a while after', async () => {
      const { upstream, mirror, manifest, blob } = await silent();
      for (const on of ['manifest', 'blob', 'tags', 'referrers'] as const) {
        upstream.fail({ on, do: silence });
      }
      const all = () => [
        manifest(),
        manifest('2'),
        manifest(image.manifest.digest),
        blob(),
        mirror.get('/v2/library/other/manifests/1'),
        mirror.get(`/v2/${repository}/tags/list`),
        mirror.get(`/v2/${repository}/referrers/${image.manifest.digest}`),
      ];
      const first = timed(manifest());
      await new Promise((resolve) => setTimeout(resolve, 200));
      for (const { status, milliseconds } of await Promise.all(all().map(timed))) {
        expect([429, 503]).toContain(status);
        expect(milliseconds).toBeLessThan(waitsShortly);
      }
      expect([429, 503]).toContain((await first).status);
      const kinds = ['manifest', 'blob', 'tags', 'referrers'] as const;
      const asked = () => kinds.reduce((sum, kind) => sum + upstream.count({ kind }), 0);
      expect(asked()).toBe(1);
      for (const answering of all()) {
        expect((await timed(answering)).milliseconds).toBeLessThan(waitsShortly);
      }
      expect(asked()).toBeLessThanOrEqual(3);
    });

    it('blobs only: a request does not wait twice, and the next not at all', async () => {
      const { upstream, manifest, blob } = await silent();
      await manifest();
      upstream.fail({ on: 'blob', do: silence });
      const first = await timed(blob());
      expect(first.status).toBe(429);
      const next = await timed(blob(image.config.digest, '?ns=docker.io'));
      expect(next.status).toBe(503);
      expect(next.milliseconds).toBeLessThan(waitsShortly);
      expect((await timed(manifest('absent'))).status).toBe(404);
    });

    it('warm: a tag and a list are stale at once, also while the first still waits', async () => {
      const { upstream, mirror, warm, manifest } = await silent();
      const list = () => mirror.get(`/v2/${repository}/tags/list`);
      await warm();
      await list();
      // An answer of a moment ago shows that the registry answers.
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      for (const on of ['manifest', 'tags'] as const) upstream.fail({ on, do: silence });
      const first = timed(manifest());
      await new Promise((resolve) => setTimeout(resolve, short + 100));
      for (const answering of [manifest(), list(), manifest()]) {
        const { status, milliseconds, response } = await timed(answering);
        expect(status).toBe(200);
        expect(response.headers.get('warning')).toMatch(/^299 - "stale/);
        expect(milliseconds).toBeLessThan(waitsShortly);
      }
      expect((await first).milliseconds).toBeLessThan(waitsShortly);
    });

    it('a registry that is always slow works, however many ask', async () => {
      const { upstream, pull, blob, manifest } = await silent();
      const ms = limit - 2_000;
      for (const on of ['manifest', 'blob'] as const)
        upstream.fail({ on, do: { kind: 'delay', ms } });
      expect((await manifest()).status).toBe(200);
      const digests = [largeLayer, image.config.digest];
      const blobs = await Promise.all(digests.map((digest) => timed(blob(digest))));
      expect(blobs.map(({ reason }) => reason)).toEqual(['', '']);
      expect(await pull()).toMatchObject({ isComplete: true });
    });
  });
}
