import { expect, it, vi } from 'vitest';
import { MemoryMirror } from '../forms/memory.ts';
import { patience } from '../patience.ts';
import { makeImage } from '../standins/images/image.ts';
import { randomLayer } from '../standins/images/layer.ts';
import { image, largeLayer, openAlternateScenes, otherImage, repository } from './alternates.ts';
import { describeAlternates } from './every-alternate.ts';

describeAlternates({ name: 'one machine', start: MemoryMirror.start });

const lastImage = makeImage({ layers: [randomLayer('alternate last', 20_000)] });

const openScene = openAlternateScenes(MemoryMirror.start);

it('wrong bytes of a blob cost a retry, and the next one comes from the Hub', async () => {
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

it('a fill switches its source midway: one range of each', async () => {
  const { manifest, blob, hub, other } = await openScene({
    hub: { blobs: 'stream' },
    other: { blobs: 'stream' },
  });
  await (await manifest()).arrayBuffer();
  const get = { kind: 'blob', method: 'GET', reference: largeLayer } as const;
  hub.fail({
    on: 'blob',
    match: largeLayer,
    times: 1,
    do: { kind: 'truncate', after: 1_000_000 },
  });
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

it('a change is logged once, and every answer is counted', async () => {
  const { pull, hub, other, mirror } = await openScene();
  const failing = { kind: 'status', status: 503 } as const;
  hub.fail({ on: 'manifest', method: 'GET', do: failing });
  await pull();
  const lines = () => mirror.output.match(/"alternate-used".*"purpose":"manifest".*/g) ?? [];
  expect(lines()).toHaveLength(1);
  other.add(repository, otherImage, '3');
  hub.add(repository, otherImage, '3');
  await pull('3');
  expect(lines()).toHaveLength(1);
  const metrics = await (await mirror.get('/metrics')).text();
  expect(metrics).toMatch(
    /pullfront_alternate_answers_total\{registry="docker.io",alternate="mirror.test"\} [1-9]/,
  );
  hub.set({ faults: [] });
  hub.add(repository, lastImage, '2');
  await vi.waitFor(async () => {
    expect((await pull('2')).isComplete).toBe(true);
    expect(lines()).toHaveLength(2);
  }, patience);
  expect(lines()[1]).not.toContain('mirror.test');
});

it('another Pullfront can be the alternate', async () => {
  const { mirror: second } = await openScene();
  const { pull, hub, mirror } = await openScene({
    upstream: { alternates: ['pullfront.test/docker.io'] },
    upstreams: { 'pullfront.test': { url: second.url } },
  });
  await mirror.get(`/v2/${repository}/manifests/1`, { method: 'HEAD' });
  await hub.stop();
  expect(await pull()).toMatchObject({ isComplete: true });
  expect(second.output).toContain('"repository":"docker.io/library/app"');
});

it('a registry that is only an alternate cannot be pulled from by name', async () => {
  const { mirror } = await openScene({ upstream: { alternates: 'hub' } });
  for (const path of [
    '/v2/mirror.gcr.io/library/app/manifests/1',
    '/mirror.gcr.io/v2/a/b/tags/list',
  ]) {
    expect((await mirror.get(path)).status).toBe(404);
  }
  expect((await mirror.get(`/v2/${repository}/manifests/1?ns=mirror.gcr.io`)).status).toBe(404);
});

it('an alternate is not asked for a blob that no manifest names', async () => {
  const { blob, hub, other } = await openScene();
  hub.fail({ on: 'blob', do: { kind: 'status', status: 503 } });
  expect((await blob()).ok).toBe(false);
  hub.set({ faults: [] });
  hub.fail({ on: 'blob', method: 'GET', do: { kind: 'status', status: 503 } });
  expect((await blob()).ok).toBe(false);
  expect(other.requests).toEqual([]);
});
