import { afterEach, describe, expect, it } from 'vitest';
import { MemoryMirror } from '../forms/memory.ts';
import { pull as pullFrom } from '../forms/pull.ts';
import { makeImage } from '../standins/images/image.ts';
import { randomLayer } from '../standins/images/layer.ts';
import { startUpstream, type Upstream } from '../standins/registry/upstream.ts';

const image = (seed: string) => makeImage({ layers: [randomLayer(seed, 50_000)] });
const [one, two] = [image('one'), image('two')];
const windowSeconds = 21_600;

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A server in this process, over a stand-in with two images, whose tags are out of date at once. */
async function scene(config: object = {}, upstream: object = {}) {
  const hub = await startUpstream({ auth: 'anonymous' });
  closing.push(() => hub.close());
  hub.add('library/one', one, '1');
  hub.add('library/two', two, '1');
  const upstreams = { 'docker.io': { url: hub.url, tagTtl: '1ms', ...upstream } };
  const mirror = await MemoryMirror.start({ upstreams, ...config });
  closing.push(() => mirror.close());
  const manifest = (name: string, reference = '1') =>
    mirror.get(`/v2/library/${name}/manifests/${reference}`);
  const blobOf = async (name: string, { layers }: typeof one) => {
    const answer = await mirror.get(`/v2/library/${name}/blobs/${layers[0]?.digest}`);
    return { status: answer.status, bytes: (await answer.arrayBuffer()).byteLength };
  };
  const metrics = async () => (await mirror.get('/metrics')).text();
  return { hub, mirror, manifest, blobOf, metrics };
}

const gets = (hub: Upstream) => hub.count({ kind: 'manifest', method: 'GET' });

describe('a registry whose pulls are spent', () => {
  it('gets no GET of a manifest, and completes an image whose manifest is stored', async () => {
    const { hub, manifest, blobOf, metrics } = await scene();
    hub.set({ pullLimit: { limit: 1, windowSeconds } });
    expect((await manifest('one')).status).toBe(200);
    hub.clear();
    expect((await manifest('two')).status).toBe(429);
    expect((await manifest('one')).status).toBe(200);
    expect(await blobOf('one', one)).toEqual({ status: 200, bytes: one.layers[0]?.size });
    expect(gets(hub)).toBe(0);
    expect(hub.count({ kind: 'manifest', method: 'HEAD' })).toBeGreaterThan(0);
    const text = await metrics();
    expect(text).toMatch(/pullfront_upstream_circuit_open{.*circuit="pulls"} 1/);
    expect(text).toMatch(/pullfront_upstream_below_reserve{.*} 1/);
    expect(text).toMatch(/pullfront_upstream_hours_until_dry{.*} 0/);
    expect(text).toMatch(/pullfront_upstream_refused_pulls_total{.*} 1/);
    expect(text).toMatch(
      /pullfront_upstream_pulls_total{registry="docker.io",network="anonymous"} 1/,
    );
    // The next HEAD shows that the window began again.
    hub.set({ pullLimit: { limit: 5, windowSeconds } });
    await manifest('one');
    expect((await manifest('two')).status).toBe(200);
  });

  it('may answer HEADs with 429 too: an image whose manifest is stored is still completed', async () => {
    const { hub, manifest, blobOf } = await scene({});
    const digest = one.manifest.digest;
    expect((await manifest('one', digest)).status).toBe(200);
    hub.set({ pullLimit: { limit: 0, windowSeconds, headWhenExhausted: 429 } });
    hub.clear();
    expect((await manifest('two')).status).toBe(429);
    for (let times = 0; times < 5; times++) await manifest('two');
    expect(hub.count({ kind: 'manifest' })).toBe(1);
    expect((await manifest('one', digest)).status).toBe(200);
    expect(await blobOf('one', one)).toEqual({ status: 200, bytes: one.layers[0]?.size });
  });
});

describe('a registry that counts HEADs', () => {
  const tags = Array.from({ length: 35 }, (_, at) => `tag-${at}`);
  const limit = { limit: 40, windowSeconds, countsHeads: true } as const;

  /** Confirms many tags, until a few of 40 are left; then the time of the tag `1` is up. */
  async function spent(countsHeads: boolean) {
    const upstream = { tagTtl: '1s' };
    const { hub, mirror } = await scene({ budget: { reserve: '100%' } }, upstream);
    hub.set({ pullLimit: { ...limit, countsHeads } });
    hub.add('library/one', one, ...tags);
    expect(await pullFrom(mirror.url, 'library/one', '1')).toMatchObject({ isComplete: true });
    for (const tag of tags) {
      await mirror.get(`/v2/library/one/manifests/${tag}`, { method: 'HEAD' });
    }
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    hub.clear();
    const head = (headers: Readonly<Record<string, string>> = {}) =>
      mirror.get('/v2/library/one/manifests/1', { method: 'HEAD', headers });
    return { hub, head, heads: () => hub.count({ kind: 'manifest', method: 'HEAD' }) };
  }

  it('is asked less often what a tag names below the reserve, and the answers say so', async () => {
    const { head, heads } = await spent(true);
    const answer = await head();
    expect(answer.status).toBe(200);
    expect(answer.headers.get('warning')).toContain('docker.io counts checks of tags');
    expect(answer.headers.get('cache-status')).toContain('detail=stale');
    expect(heads()).toBe(0);
    const confirmed = await head({ 'cache-control': 'no-cache' });
    expect(confirmed.headers.get('warning')).toBeNull();
    expect(heads()).toBe(1);
  });

  it('is asked as always otherwise', async () => {
    const { head, heads } = await spent(false);
    expect((await head()).headers.get('warning')).toBeNull();
    expect(heads()).toBe(1);
  });
});

describe('a registry that counts all requests', () => {
  it.each([true, 'lf-only'] as const)('gets none after its page (%s)', async (abusePage) => {
    const { hub, manifest, blobOf, metrics } = await scene();
    await manifest('one');
    hub.set({ abusePage });
    hub.clear();
    expect((await manifest('two')).status).toBe(429);
    const before = hub.requests.length;
    hub.set({ abusePage: false });
    expect((await manifest('two')).status).toBe(429);
    expect((await blobOf('two', two)).status).toBe(429);
    expect(hub.requests.length).toBe(before);
    expect(await metrics()).toMatch(/circuit_open{.*circuit="abuse"} 1/);
  });

  it('gets none after it limited a blob', async () => {
    const { hub, manifest, blobOf } = await scene();
    await manifest('one');
    hub.fail({ on: 'blob', do: { kind: 'status', status: 429, headers: { 'retry-after': '60' } } });
    expect((await blobOf('one', one)).status).toBe(429);
    const before = hub.requests.length;
    expect((await manifest('two')).status).toBe(429);
    expect(hub.requests.length).toBe(before);
  });
});

it('no log, metric or page names the address that the registry counts', async () => {
  const { hub, mirror, manifest, metrics } = await scene({
    log: { level: 'debug', format: 'json' },
  });
  hub.set({ pullLimit: { limit: 1, windowSeconds } });
  const source = { 'docker-ratelimit-source': '203.0.113.77' };
  hub.set({ responseHeaders: source });
  await manifest('one');
  await manifest('two');
  const pulled = await pullFrom(mirror.url, 'library/one', '1').catch(() => undefined);
  expect(pulled === undefined || pulled.isComplete).toBe(true);
  expect(mirror.output).toContain('rate-limit');
  expect(`${mirror.output}${await metrics()}`).not.toContain('203.0.113.77');
});
