import { describe, expect, it, vi } from 'vitest';
import type { StartMirror } from '../forms/mirror.ts';
import { pull } from '../forms/pull.ts';
import { patience } from '../patience.ts';
import { makeImage } from '../standins/images/image.ts';
import { randomLayer } from '../standins/images/layer.ts';
import { image, largeLayer, openAlternateScenes, otherImage, repository } from './alternates.ts';

const pullsRefused = { limit: 0, windowSeconds: 21_600, headWhenExhausted: 200 } as const;
const allRefused = { limit: 0, windowSeconds: 21_600, headWhenExhausted: 429 } as const;
const login = { username: 'u', password: { env: 'HUB_TOKEN' } };
const inOrder = ['mirror.test', 'spare.test'];
const largeBytes = Buffer.from(image.layers[0]?.bytes ?? []);

/** An address of a reader, in the way of every platform. */
const officeAddress = Object.fromEntries(
  ['x-forwarded-for', 'cf-connecting-ip', 'x-source-ip'].map((one) => [one, '198.51.100.7']),
);

/** Whether a client gets the large layer, wherever its bytes are. */
async function isRight(get: () => Promise<Response>): Promise<boolean> {
  try {
    const answer = await get();
    const location = answer.headers.get('location');
    const last = location === null ? answer : await fetch(location);
    return Buffer.from(await last.arrayBuffer()).equals(largeBytes);
  } catch {
    return false;
  }
}

const manifestGet = { kind: 'manifest', method: 'GET' } as const;

/** A form of the mirror with another registry that has the same digests as the Hub. */
export interface AlternatesTarget {
  readonly name: string;
  readonly start: StartMirror;
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
      const { mirror, hub, pull } = await openScene({ upstream: { headersTimeout: '60s' } });
      await mirror.get(`/v2/${repository}/manifests/1`, { method: 'HEAD' });
      hub.fail({ on: 'manifest', method: 'GET', do: { kind: 'silence' } });
      hub.fail({ on: 'blob', do: { kind: 'silence' } });
      const began = Date.now();
      expect(await pull()).toMatchObject({ isComplete: true });
      // A busy machine needs long for all else.
      expect(Date.now() - began).toBeLessThan(20_000);
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

    it('a Hub that failed a moment ago rests: the alternate is asked first', async () => {
      const { mirror, manifest, hub, other } = await openScene();
      for (const registry of [hub, other]) registry.add(repository, otherImage, '2');
      for (const tag of ['1', '2']) {
        await mirror.get(`/v2/${repository}/manifests/${tag}`, { method: 'HEAD' });
      }
      hub.fail({ on: 'manifest', method: 'GET', do: { kind: 'status', status: 503 } });
      for (const { digest } of [image.manifest, otherImage.manifest]) {
        expect((await manifest(digest)).status).toBe(200);
      }
      expect([hub.count(manifestGet), other.count(manifestGet)]).toEqual([1, 2]);
    });

    it('alternates are asked in their order, and one that is limited is left out', async () => {
      const { pull, hub, other, spare } = await openScene({
        hub: { pullLimit: pullsRefused },
        other: { pullLimit: { limit: 1, windowSeconds: 21_600 } },
        upstream: { alternates: inOrder },
      });
      const spent: number[][] = [];
      for (const tag of ['1', '2', '3']) {
        const one = makeImage({ layers: [randomLayer(`budget ${tag}`, 10_000)] });
        for (const registry of [hub, other, spare]) registry.add(repository, one, tag);
        expect(await pull(tag)).toMatchObject({ isComplete: true });
        spent.push([hub, other, spare].map((registry) => registry.count(manifestGet)));
      }
      // What is left of one registry's limit says nothing about another's.
      expect(spent).toEqual([
        [expect.any(Number), 1, 0],
        [expect.any(Number), 1, 1],
        [expect.any(Number), 1, 2],
      ]);
    });

    it.each([
      ['failed', { kind: 'status', status: 503 }],
      ['was slow', { kind: 'delay', ms: 1_200 }],
    ] as const)('an alternate that %s is asked after the others from then on', async (_, fault) => {
      const { mirror, hub, other, spare } = await openScene({
        hub: { pullLimit: pullsRefused },
        upstream: { alternates: inOrder },
      });
      for (const registry of [hub, other, spare]) registry.add('library/tool', otherImage, '1');
      other.fail({ on: 'manifest', method: 'GET', do: fault });
      // It rests for the one repository, but its order is that of all.
      for (const name of [repository, 'library/tool']) {
        expect(await pull(mirror.url, name, '1')).toMatchObject({ isComplete: true });
      }
      expect(other.count(manifestGet)).toBe(1);
      expect(spare.count(manifestGet)).toBe(fault.kind === 'delay' ? 1 : 2);
    });

    it('a fill switches its source midway, by Range', async () => {
      const { manifest, blob, hub, other } = await openScene({
        hub: { blobs: 'stream' },
        other: { blobs: 'stream' },
      });
      // It continues there once.
      hub.fail({ on: 'blob', match: largeLayer, do: { kind: 'truncate', after: 1_000_000 } });
      // The manifest begins the fill.
      await (await manifest()).arrayBuffer();
      const blobGet = { kind: 'blob', reference: largeLayer } as const;
      await vi.waitUntil(() => other.count(blobGet) > 0, patience);
      await vi.waitFor(async () => {
        expect(await isRight(blob)).toBe(true);
      }, patience);
      const asked = other.requests.filter(({ reference }) => reference === largeLayer);
      expect(asked.map(({ headers }) => headers.range)).toEqual(
        asked.map(() => expect.stringMatching(/^bytes=[1-9]\d{5,}-/)),
      );
    });

    it('wrong bytes of a blob are never stored, and the next ones come from elsewhere', async () => {
      const { manifest, blob, hub, other } = await openScene();
      await (await manifest()).arrayBuffer();
      hub.fail({ on: 'blob', match: largeLayer, do: { kind: 'status', status: 503 } });
      other.fail({ on: 'cdn', do: { kind: 'flip', at: 1000 } });
      expect(await isRight(blob)).toBe(false);
      expect(other.count({ kind: 'blob' })).toBeGreaterThan(0);
      hub.set({ faults: [] });
      await vi.waitFor(async () => {
        expect(await isRight(blob)).toBe(true);
      }, patience);
      const asked = other.count({ kind: 'cdn' });
      expect(await isRight(blob)).toBe(true);
      expect(other.count({ kind: 'cdn' })).toBe(asked);
    });

    it('a digest that was last named longer ago than maxStale is not believed', async () => {
      const { mirror, manifest, hub, other } = await openScene({ upstream: { maxStale: '1s' } });
      await mirror.get(`/v2/${repository}/manifests/1`, { method: 'HEAD' });
      await new Promise((resolve) => setTimeout(resolve, 1_100));
      await hub.stop();
      for (const reference of ['1', image.manifest.digest]) {
        expect((await manifest(reference)).status).toBe(503);
      }
      expect(other.count(manifestGet)).toBe(0);
    });

    it('with an account that opens private repositories, public ones come from alternates', async () => {
      const { manifest, pull, mirror, hub, other } = await openScene({
        hub: {
          auth: 'anonymous',
          accounts: [{ username: 'u', password: 'p' }],
          privateRepositories: ['team/secret'],
        },
        upstream: { credentials: { ...login, for: 'access', readers: ['office'] } },
        more: {
          networks: { office: ['198.51.100.0/24'] },
          trustProxy: ['127.0.0.0/8', '::1'],
        },
      });
      for (const registry of [hub, other]) registry.add('team/secret', image, '1');
      const asReader = (method: string) =>
        mirror.get('/v2/team/secret/manifests/1', { method, headers: officeAddress });
      expect((await asReader('HEAD')).status).toBe(200);
      await mirror.get(`/v2/${repository}/manifests/1`, { method: 'HEAD' });
      await hub.stop();
      expect((await asReader('GET')).status).toBe(503);
      expect(other.requests).toEqual([]);
      expect(await pull()).toMatchObject({ isComplete: true });
      expect(other.count(manifestGet)).toBe(1);
      expect(other.requests.some(({ path }) => path.includes('secret'))).toBe(false);
      expect((await manifest()).status).toBe(200);
    });

    it('with an account for quota, no name that is not known to be public is sent to an alternate', async () => {
      const { mirror, pull, hub, other } = await openScene({
        hub: {
          auth: 'anonymous',
          accounts: [{ username: 'u', password: 'p' }],
          privateRepositories: ['team/secret'],
        },
        upstream: { credentials: login, alternatesForUnseenTags: true },
      });
      for (const registry of [hub, other]) registry.add('team/secret', otherImage, '1');
      const secret = async () => (await mirror.get('/v2/team/secret/manifests/1')).status;
      await mirror.get(`/v2/${repository}/manifests/1`, { method: 'HEAD' });
      expect(await secret()).toBe(404);
      await hub.stop();
      expect(await secret()).toBeGreaterThanOrEqual(400);
      expect(await pull()).toMatchObject({ isComplete: true });
      expect(other.count(manifestGet)).toBe(1);
      expect(other.requests.some(({ path }) => path.includes('secret'))).toBe(false);
    });

    it.each([
      ['the upstream is private', { private: true }],
      [
        'an account with access is configured',
        {
          credentials: { ...login, for: 'access', readers: ['anyone'] },
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
