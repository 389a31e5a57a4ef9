import { afterEach, describe, expect, it, vi } from 'vitest';
import { EdgeWorker } from '../../forms/edge.ts';
import { digestOfBody } from '../../forms/pull.ts';
import { type Image, makeImage } from '../../standins/images/image.ts';
import { randomLayer } from '../../standins/images/layer.ts';
import type { Settings } from '../../standins/registry/settings.ts';
import { startUpstream, type Upstream } from '../../standins/registry/upstream.ts';

const small = makeImage({ layers: [randomLayer('edge-small', 3_000_000)] });

const open: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

interface Set {
  readonly hub: Upstream;
  readonly edge: EdgeWorker;
  readonly blob: string;
}

async function start(
  settings: Partial<Settings> = {},
  image: Image = small,
  policy: object = {},
): Promise<Set> {
  const hub = await startUpstream(settings);
  open.push(() => hub.close());
  hub.add('library/app', image, '1');
  const edge = await EdgeWorker.start({ upstreams: { 'docker.io': { url: hub.url, ...policy } } });
  open.push(() => edge.close());
  return { hub, edge, blob: `/v2/library/app/blobs/${image.layers[0]?.digest}` };
}

const manifest = '/v2/library/app/manifests/1';

describe('a miss', () => {
  it('is answered at once by the upstream’s redirect, while the upstream’s store is silent', async () => {
    const { hub, edge, blob } = await start();
    hub.fail({ on: 'cdn', do: { kind: 'silence' } });
    await edge.get(manifest);
    const response = await edge.get(blob);
    expect(response.status).toBe(307);
    expect(new URL(response.headers.get('location') ?? '').host).not.toBe(new URL(edge.url).host);
  });

  it('streams as it arrives where the upstream does not redirect', async () => {
    let release = () => {};
    const until = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { hub, edge, blob } = await start({ blobs: 'stream' }, small, { delivery: 'stream' });
    hub.fail({
      on: 'blob',
      match: small.layers[0]?.digest ?? '',
      do: { kind: 'hold', until, after: 1_000_000 },
    });
    await edge.get(manifest);
    const response = await edge.get(blob);
    const reader = response.body?.getReader();
    const first = await reader?.read();
    expect(first?.value?.byteLength).toBeGreaterThan(0);
    release();
    let length = first?.value?.byteLength ?? 0;
    for (;;) {
      const next = await reader?.read();
      if (next?.value === undefined) break;
      length += next.value.byteLength;
    }
    expect(length).toBe(small.layers[0]?.size);
  });

  it('whose client leaves is not lost on those who wait for the same', async () => {
    let release = () => {};
    const until = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { hub, edge } = await start();
    hub.fail({ on: 'manifest', method: 'GET', do: { kind: 'hold', until } });
    const leaving = new AbortController();
    const left = edge.get(manifest, { signal: leaving.signal }).catch(() => 'left');
    await hub.until({ kind: 'manifest', method: 'GET' });
    const waiting = edge.get(manifest);
    leaving.abort();
    expect(await left).toBe('left');
    release();
    expect((await waiting).status).toBe(200);
    expect(hub.count({ kind: 'manifest', method: 'GET' })).toBe(1);
  });
});

describe('a fill by the queue', () => {
  it('brings a large layer whole and right', async () => {
    const image = makeImage({ layers: [randomLayer('edge-large', 40_000_000)] });
    const { edge, blob } = await start({}, image);
    await edge.get(manifest);
    const stored = await vi.waitUntil(
      async () => {
        const response = await edge.get(blob);
        if (response.status === 200) return response;
        await response.body?.cancel();
        return undefined;
      },
      { timeout: 50_000, interval: 100 },
    );
    expect(await digestOfBody(stored)).toBe(image.layers[0]?.digest);
  });
});
