import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { EdgeWorker } from '../../forms/edge.ts';
import { EdgeProcess } from '../../forms/edge-process.ts';
import { patience } from '../../patience.ts';
import { makeImage } from '../../standins/images/image.ts';
import { textLayer } from '../../standins/images/layer.ts';
import { startUpstream, type Upstream } from '../../standins/registry/upstream.ts';

const program = fileURLToPath(new URL('../../../scripts/dev-edge.ts', import.meta.url));
const image = makeImage({ layers: [textLayer({ 'name.txt': 'edge\n' })] });
const tag = '/v2/library/app/manifests/1';

const open: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function startHub(settings: Parameters<typeof startUpstream>[0] = {}): Promise<Upstream> {
  const hub = await startUpstream(settings);
  open.push(() => hub.close());
  hub.add('library/app', image, '1');
  return hub;
}

async function startEdge(configuration: object, environment = {}): Promise<EdgeProcess> {
  const edge = await EdgeProcess.start(configuration, environment);
  open.push(() => edge.close());
  return edge;
}

describe('the configuration of the Worker', () => {
  it('with mistakes is refused before anything starts, with all of them', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pullfront-mistakes-'));
    const file = join(folder, 'pullfront.json');
    const password = { file: '/run/secrets/hub' };
    writeFileSync(file, JSON.stringify({ limit: {}, upstreams: { 'docker.io': { tagTtl: 5 } } }));
    const mistaken = spawnSync(process.execPath, ['--import', 'tsx', program, '--config', file], {
      encoding: 'utf8',
    });
    expect(mistaken.status).toBe(2);
    expect(mistaken.stderr).toContain('unknown key "limit"');
    expect(mistaken.stderr).toContain('upstreams.docker.io.tagTtl: expected a duration');
    const credentials = { username: 'me', password };
    writeFileSync(file, JSON.stringify({ upstreams: { 'docker.io': { credentials } } }));
    const unreadable = spawnSync(process.execPath, ['--import', 'tsx', program, '--config', file], {
      encoding: 'utf8',
    });
    rmSync(folder, { recursive: true });
    expect(unreadable.status).toBe(2);
    expect(unreadable.stderr).toContain(
      'upstreams.docker.io.credentials.password: a Worker has no files',
    );
  });

  it('has variables over it; a wrong one is reported and ignored', async () => {
    const hub = await startHub();
    const edge = await startEdge(
      { upstreams: { 'docker.io': { url: 'http://127.0.0.1:9', tagTtl: '1h' } } },
      {
        PULLFRONT_UPSTREAMS_DOCKER_IO_URL: hub.url,
        PULLFRONT_UPSTREAMS_DOCKER_IO_TAG_TTL: 'soon',
        PULLFRONT_NO_SUCH: '1',
      },
    );
    const response = await edge.get(tag);
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toContain('max-age=3600');
    await edge.says('PULLFRONT_UPSTREAMS_DOCKER_IO_TAG_TTL');
    await edge.says('PULLFRONT_NO_SUCH');
    expect(edge.output).not.toContain('"PULLFRONT_UPSTREAMS_DOCKER_IO_URL"');
  });

  const credentials = {
    username: 'user',
    password: { env: 'HUB_TOKEN' },
    for: 'access',
    readers: ['anyone'],
  };
  const privateHub = {
    auth: 'anonymous',
    accounts: [{ username: 'user', password: 'pass-71c2' }],
    privateRepositories: ['library/app'],
  } as const;

  it('names secrets, which are in no output', async () => {
    const hub = await startHub(privateHub);
    const configuration = { upstreams: { 'docker.io': { url: hub.url, credentials } } };
    const edge = await startEdge(configuration, { HUB_TOKEN: 'pass-71c2' });
    expect((await edge.get(tag)).status).toBe(200);
    await edge.end('SIGTERM');
    expect(edge.output).toContain('library/app');
    expect(edge.output).not.toContain('pass-71c2');
  });

  it('names a secret that is not set: that is reported, and its registry is not asked', async () => {
    const hub = await startHub(privateHub);
    const edge = await startEdge({ upstreams: { 'docker.io': { url: hub.url, credentials } } });
    expect((await edge.get(tag)).status).toBe(503);
    await edge.end('SIGTERM');
    const reason = '"reason":"the secret HUB_TOKEN is not set"';
    for (const line of [
      `"message":"password unreadable","registry":"docker.io",${reason}`,
      `"message":"store-failed","operation":"readPassword",${reason}`,
    ]) {
      await edge.says(line);
    }
    // Without its account it would count against an address that others share.
    expect(hub.requests).toEqual([]);
  });
});

describe('with keys of R2', () => {
  it('stored blobs come by signed redirects to its S3 endpoint, and no key is in any output', async () => {
    const hub = await startHub();
    const edge = await startEdge(
      { upstreams: { 'docker.io': { url: hub.url } } },
      {
        R2_ACCESS_KEY_ID: 'key-id-5b1',
        R2_SECRET_ACCESS_KEY: 'secret-key-9d2',
        R2_ENDPOINT: 'https://account.r2.cloudflarestorage.com',
        R2_BUCKET: 'blobs',
      },
    );
    await edge.get(tag);
    const response = await vi.waitUntil(async () => {
      const one = await edge.get(`/v2/library/app/blobs/${image.layers[0]?.digest}`);
      return one.headers.get('cache-status')?.includes('hit') ? one : undefined;
    }, patience);
    expect(response?.status).toBe(307);
    expect(response?.headers.get('cache-control')).toContain('no-store');
    const location = new URL(response?.headers.get('location') ?? '');
    expect(location.origin).toBe('https://account.r2.cloudflarestorage.com');
    expect(location.pathname).toMatch(/^\/blobs\/.+/);
    expect(location.searchParams.get('X-Amz-Signature')).toMatch(/^[0-9a-f]{64}$/);
    expect(location.searchParams.get('X-Amz-Credential')).toContain('/auto/s3/');
    await edge.end('SIGTERM');
    expect(edge.output).not.toContain('secret-key-9d2');
    expect(edge.output).not.toContain('X-Amz');
  });
});

describe('the ledger', () => {
  it('has the counters and the rate limits', async () => {
    const hub = await startHub({ pullLimit: { limit: 100, windowSeconds: 21_600 } });
    const edge = await EdgeWorker.start({ upstreams: { 'docker.io': { url: hub.url } } });
    open.push(() => edge.close());
    await edge.get(tag);
    await edge.get(tag);
    // Counts are written five seconds after the first.
    await vi.waitFor(async () => {
      expect(await edge.row('SELECT * FROM counters')).toMatchObject({
        pullsServed: 2,
        pullsAvoided: 1,
        pullsMade: 1,
      });
      const limit = await edge.row('SELECT * FROM rate_limits');
      expect(limit).toMatchObject({
        registry: 'docker.io',
        account: expect.stringMatching(/^anonymous/),
      });
      expect(JSON.parse(String(limit?.rate))).toMatchObject({ limit: 100, remaining: 99 });
    }, patience);
  });
});
