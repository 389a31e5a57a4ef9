import { afterEach, expect, test } from 'vitest';
import { EdgeWorker } from '../../forms/edge.ts';
import { makeImage } from '../../standins/images/image.ts';
import { randomLayer } from '../../standins/images/layer.ts';
import { startUpstream } from '../../standins/registry/upstream.ts';

const open: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

const old = makeImage({ layers: [randomLayer('edge-old', 20_000)] });
const recent = makeImage({ layers: [randomLayer('edge-recent', 20_000)] });
const manifest = '/v2/library/app/manifests/1';
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test('a Worker checks a tag after many answers by one HEAD, and the next one is new', async () => {
  const hub = await startUpstream();
  open.push(() => hub.close());
  hub.add('library/app', old, '1');
  const policy = { url: hub.url, tagTtl: '1s', revalidate: 'behind' };
  const edge = await EdgeWorker.start({ upstreams: { 'docker.io': policy } });
  open.push(() => edge.close());
  await edge.get(manifest);
  for (const { digest } of [old.config, ...old.layers]) {
    const blob = `/v2/library/app/blobs/${digest}`;
    while (!(await edge.get(blob)).headers.get('cache-status')?.includes('hit')) await pause(50);
  }
  hub.add('library/app', recent, '1');
  hub.fail({ on: 'manifest', method: 'HEAD', do: { kind: 'delay', ms: 500 } });
  await pause(1_100);
  const before = hub.count({ kind: 'manifest', method: 'HEAD' });
  const answers = await Promise.all(Array.from({ length: 10 }, () => edge.get(manifest)));
  for (const { headers } of answers) {
    expect(headers.get('docker-content-digest')).toBe(old.manifest.digest);
    expect(headers.get('cache-status')).toMatch(/; detail=stale-while-revalidate$/);
  }
  await pause(1_000);
  const next = await edge.get(manifest);
  expect(next.headers.get('docker-content-digest')).toBe(recent.manifest.digest);
  expect(hub.count({ kind: 'manifest', method: 'HEAD' }) - before).toBe(1);
});
