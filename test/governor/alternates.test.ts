import { expect, test } from 'vitest';
import { MemoryMirror } from '../forms/memory.ts';
import { image, largeLayer, openAlternateScenes, otherImage, repository } from './alternates.ts';

const openScene = openAlternateScenes(MemoryMirror.start);

const pullsRefused = { limit: 0, windowSeconds: 21_600, headWhenExhausted: 200 } as const;
const allRefused = { limit: 0, windowSeconds: 21_600, headWhenExhausted: 429 } as const;
const manifestGet = { kind: 'manifest', method: 'GET' } as const;

test('a registry that answers is the only one that is asked', async () => {
  const { pull, other } = await openScene();
  expect(await pull()).toMatchObject({ isComplete: true });
  expect(other.requests).toEqual([]);
});

test('a new image comes from the alternate while the Hub refuses pulls', async () => {
  const { pull, hub, other, mirror } = await openScene({ hub: { pullLimit: pullsRefused } });
  expect(await pull()).toMatchObject({ isComplete: true });
  expect(other.count(manifestGet)).toBe(1);
  expect(other.requests.every(({ reference }) => reference !== '1')).toBe(true);
  // The Hub counts no HEADs and no blobs, so these still come from there.
  expect(hub.count({ kind: 'blob' })).toBeGreaterThan(0);
  expect(mirror.output).toMatch(/"alternate-used"/);
  const metrics = await (await mirror.get('/metrics')).text();
  expect(metrics).toMatch(
    /pullfront_alternate_answers_total\{registry="docker.io",alternate="mirror.test"\} [1-9]/,
  );
});

test('a known image whose blobs are gone is completed while the Hub is down', async () => {
  const { manifest, pull, hub, other } = await openScene();
  await (await manifest('1')).arrayBuffer();
  await hub.stop();
  expect(await pull()).toMatchObject({ isComplete: true });
  expect(other.count({ kind: 'blob' })).toBeGreaterThan(0);
  const answer = await manifest('1');
  expect(answer.headers.get('warning')).toMatch(/^299 - ".*docker\.io/);
});

test('a tag that only a HEAD asked for comes from the alternate while the Hub is down', async () => {
  const { mirror, hub, pull, other } = await openScene();
  await mirror.get(`/v2/${repository}/manifests/1`, { method: 'HEAD' });
  await hub.stop();
  expect(await pull()).toMatchObject({ isComplete: true });
  expect(other.count(manifestGet)).toBe(1);
});

test('a slow Hub is not waited for', async () => {
  const { mirror, hub, pull } = await openScene();
  await mirror.get(`/v2/${repository}/manifests/1`, { method: 'HEAD' });
  hub.fail({ on: 'manifest', method: 'GET', do: { kind: 'silence' } });
  hub.fail({ on: 'blob', do: { kind: 'silence' } });
  const began = Date.now();
  expect(await pull()).toMatchObject({ isComplete: true });
  expect(Date.now() - began).toBeLessThan(9_000);
});

test('an alternate that has other bytes under the digest is not believed', async () => {
  const { manifest, other } = await openScene({ hub: { pullLimit: pullsRefused } });
  other.fail({ on: 'manifest', do: { kind: 'flip', at: 20 } });
  const answer = await manifest();
  expect(answer.status).toBe(429);
  expect(other.count(manifestGet)).toBe(1);
});

test('wrong bytes of a blob cost a retry, and the next one comes from the Hub', async () => {
  const { manifest, blob, hub, other } = await openScene();
  await (await manifest()).arrayBuffer();
  hub.fail({ on: 'blob', match: largeLayer, times: 2, do: { kind: 'status', status: 503 } });
  other.fail({ on: 'blob', do: { kind: 'flip', at: 1000 } });
  other.fail({ on: 'cdn', do: { kind: 'flip', at: 1000 } });
  await expect((await blob()).arrayBuffer()).rejects.toThrow();
  const asked = other.count({ kind: 'blob' });
  const again = Buffer.from(await (await blob()).arrayBuffer());
  expect(again.equals(Buffer.from(image.layers[0]?.bytes ?? []))).toBe(true);
  expect(other.count({ kind: 'blob' })).toBe(asked);
});

test('what the alternate says of a tag does not matter', async () => {
  const { pull, manifest, other } = await openScene({ hub: { pullLimit: pullsRefused } });
  other.add(repository, otherImage, '1');
  expect(await pull()).toMatchObject({ isComplete: true });
  const head = await manifest();
  expect(head.headers.get('docker-content-digest')).toBe(image.manifest.digest);
});

test('a tag never seen before is not taken from an alternate', async () => {
  const { manifest, other } = await openScene({ hub: { pullLimit: allRefused } });
  expect((await manifest()).status).toBe(429);
  expect(other.requests).toEqual([]);
});

test('a digest that the Hub never named is not taken from an alternate', async () => {
  const { manifest, hub, other } = await openScene();
  other.add(repository, otherImage, '2');
  await hub.stop();
  expect((await manifest(otherImage.manifest.digest)).status).toBe(503);
  expect(other.count(manifestGet)).toBe(0);
});

test('with alternatesForUnseenTags it is, labeled, until the Hub names the tag', async () => {
  const { manifest, pull, other } = await openScene({
    hub: { pullLimit: allRefused },
    upstream: { alternatesForUnseenTags: true },
  });
  other.add(repository, otherImage, '1');
  const answer = await manifest();
  expect(answer.status).toBe(200);
  expect(answer.headers.get('docker-content-digest')).toBe(otherImage.manifest.digest);
  expect(answer.headers.get('warning')).toMatch(/not confirmed by docker\.io.*mirror\.test/);
  expect(answer.headers.get('cache-status')).toContain('detail=alternate');
  expect(await pull()).toMatchObject({ isComplete: true });
  // The Hub's HEADs are limited as well, so that it is asked again a minute later.
  expect((await manifest()).headers.get('warning')).toMatch(/not confirmed/);
});

test("a tag from an alternate is the Hub's again when the Hub names it", async () => {
  const { manifest, hub, other } = await openScene({ upstream: { alternatesForUnseenTags: true } });
  hub.fail({ on: 'manifest', do: { kind: 'status', status: 503 } });
  other.add(repository, otherImage, '1');
  expect((await manifest()).headers.get('warning')).toMatch(/not confirmed by docker\.io/);
  hub.set({ faults: [] });
  const confirmed = await manifest();
  expect(confirmed.headers.get('docker-content-digest')).toBe(image.manifest.digest);
  expect(confirmed.headers.get('warning')).toBeNull();
});

test('an alternate that is limited too: the answer is the truth', async () => {
  const { manifest, other } = await openScene({
    hub: { pullLimit: pullsRefused },
    other: { pullLimit: pullsRefused },
  });
  const answer = await manifest();
  expect(answer.status).toBe(429);
  expect((await manifest('1', '?ns=docker.io')).status).toBe(503);
  expect(other.count(manifestGet)).toBe(1);
});

test('a fill switches its source midway: one range of each', async () => {
  const { manifest, blob, hub, other } = await openScene({
    hub: { blobs: 'stream' },
    other: { blobs: 'stream' },
  });
  await (await manifest()).arrayBuffer();
  const get = { kind: 'blob', method: 'GET', reference: largeLayer } as const;
  hub.fail({ on: 'blob', match: largeLayer, times: 1, do: { kind: 'truncate', after: 1_000_000 } });
  hub.fail({ on: 'blob', match: largeLayer, skip: 1, do: { kind: 'status', status: 503 } });
  const whole = Buffer.from(await (await blob()).arrayBuffer());
  expect(whole.equals(Buffer.from(image.layers[0]?.bytes ?? []))).toBe(true);
  const ranges = other.requests
    .filter(({ kind, reference }) => kind === 'blob' && reference === largeLayer)
    .map(({ headers }) => headers.range);
  expect(ranges).toHaveLength(1);
  expect(ranges[0]).toMatch(/^bytes=\d{6,}-$/);
  expect(hub.count(get)).toBeLessThanOrEqual(2);
});

test.each([
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
  const { manifest, hub, other } = await openScene({
    upstream,
    hub: { pullLimit: allRefused, accounts: [{ username: 'u', password: 'p' }] },
  });
  await (await manifest()).arrayBuffer();
  await hub.stop();
  await (await manifest()).arrayBuffer();
  expect(other.requests).toEqual([]);
});
