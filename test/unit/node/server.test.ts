import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Config } from '../../../functions/core/config/resolve.ts';
import { openOnThisMachine } from '../../../functions/local/open.ts';
import { type RunningServer, startServer } from '../../../functions/node/server.ts';
import type { OpenPlatform } from '../../../functions/node/server-platform.ts';
import { makeImage } from '../../standins/images/image.ts';
import { randomLayer } from '../../standins/images/layer.ts';
import { startUpstream, type Upstream } from '../../standins/registry/upstream.ts';
import { parsed } from '../core/config/parsing.ts';

const image = makeImage({ layers: [randomLayer('server', 200_000)] });
const lines: string[] = [];
const logTo = { write: (line: string) => lines.push(line), flushSync: () => undefined };

let folder: string;
let upstream: Upstream;
let server: RunningServer;

beforeEach(async () => {
  lines.length = 0;
  folder = await mkdtemp(join(tmpdir(), 'pullfront-server-'));
  upstream = await startUpstream({ auth: 'required' });
  upstream.add('library/app', image, '1');
  server = await startServer(configured(), embedded(configured()), {
    environment: { PASSWORD: 'pass' },
    logTo,
  });
});

afterEach(async () => {
  await server.close();
  await upstream.close();
  await rm(folder, { recursive: true, force: true });
});

function embedded(config: Config): OpenPlatform {
  return openOnThisMachine(config.data);
}

function configured(limits: { storeBytes?: string } = {}) {
  const credentials = {
    username: 'user',
    password: { env: 'PASSWORD' },
    for: 'access',
    readers: ['anyone'],
  };
  return parsed(
    {
      listen: '127.0.0.1:0',
      data: folder,
      upstreams: { 'docker.io': { url: upstream.url, credentials } },
      log: { format: 'json', level: 'debug' },
      limits,
    },
    { PASSWORD: 'pass' },
  );
}

const get = (path: string, init?: RequestInit) => fetch(`${server.url}${path}`, init);

test('a pull with the configured credentials, its log lines and its metrics', async () => {
  const response = await get('/v2/library/app/manifests/1');
  expect(response.status).toBe(200);
  expect(await response.text()).toBe(Buffer.from(image.manifest.bytes).toString());
  const layer = image.layers[0]?.digest;
  const blob = await get(`/v2/library/app/blobs/${layer}`);
  expect((await blob.arrayBuffer()).byteLength).toBe(image.layers[0]?.size);
  await get('/v2/library/app/manifests/1');
  const records = lines.map((line) => JSON.parse(line));
  expect(records.filter(({ message }) => message === 'request')).toEqual([
    expect.objectContaining({ kind: 'manifest', cache: 'miss', reference: '1', status: 200 }),
    expect.objectContaining({ kind: 'blob', bytes: image.layers[0]?.size, reference: layer }),
    expect.objectContaining({ kind: 'manifest', cache: 'hit', upstreamCalls: 0 }),
  ]);
  expect(records.some(({ message }) => message === 'upstream-request')).toBe(true);
  const metrics = await (await get('/metrics')).text();
  expect(metrics).toContain('pullfront_pulls_made_total 1\n');
  expect(metrics).toContain('pullfront_pulls_avoided_total 1\n');
  expect(metrics).toMatch(/pullfront_upstream_requests_total\{.*purpose="token".*status="200"\} 1/);
});

test('no secret in any line', async () => {
  const headers = { authorization: 'Basic dXNlcjpodW50ZXIy' };
  await (await get('/v2/library/app/manifests/1', { headers })).text();
  await (await get('/v2/library/app/manifests/2', { headers })).text();
  await (await get(`/v2/library/app/blobs/${image.layers[0]?.digest}`, { headers })).arrayBuffer();
  upstream.set({ accounts: [] });
  upstream.revokeTokens();
  expect((await get('/v2/library/other/manifests/1', { headers })).status).toBe(503);
  expect(upstream.count({ kind: 'cdn' })).toBeGreaterThan(0);
  const all = lines.join('');
  for (const secret of ['dXNlcjpodW50ZXIy', 'dXNlcjpwYXNz', 'Basic ', 'Bearer ', '"pass"', '?']) {
    expect(all).not.toContain(secret);
  }
});

test('it does not start while a password cannot be read, and says whose', async () => {
  const password = { file: join(folder, 'none') };
  const config = {
    ...configured(),
    data: join(folder, 'other'),
    upstreams: new Map(
      [...configured().upstreams].map(([name, one]) => [
        name,
        { ...one, credentials: { username: 'user', password, for: 'quota' as const, readers: [] } },
      ]),
    ),
  };
  await expect(startServer(config, embedded(config), { logTo })).rejects.toThrow(
    /^cannot read the password for docker\.io: .*none/,
  );
});

test('its own pages, by GET and HEAD', async () => {
  const health = await get('/healthz');
  expect(health.headers.get('content-type')).toBe('application/json');
  expect(await health.json()).toEqual({
    status: 'ok',
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
  });
  const head = await get('/healthz?verbose', { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
  expect((await get('/metrics')).headers.get('content-type')).toMatch(/^text\/plain/);
  const post = await get('/metrics', { method: 'POST' });
  expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  expect((await get('/healthz/x')).status).toBe(404);
});

test('closing answers what is in flight and frees the folder', async () => {
  let release: () => void = () => undefined;
  const until = new Promise<void>((resolve) => {
    release = resolve;
  });
  upstream.fail({ on: 'cdn', do: { kind: 'hold', until, after: 1000 } });
  await (await get('/v2/library/app/manifests/1')).text();
  const response = await get(`/v2/library/app/blobs/${image.layers[0]?.digest}`);
  const closed = server.close();
  release();
  expect((await response.arrayBuffer()).byteLength).toBe(image.layers[0]?.size);
  await closed;
  await expect(get('/healthz')).rejects.toThrow();
  server = await startServer(configured(), embedded(configured()), {
    environment: { PASSWORD: 'pass' },
    logTo,
  });
  expect((await get('/healthz')).status).toBe(200);
});

test('closing ends the fills before the store that they write to', async () => {
  await server.close();
  const order: string[] = [];
  let onPut: () => void = () => undefined;
  const putting = new Promise<void>((resolve) => {
    onPut = resolve;
  });
  const recorded: OpenPlatform = async (options) => {
    const platform = await embedded(configured())(options);
    const blobs = new Proxy(platform.ports.blobs, {
      get(target, name) {
        const value = Reflect.get(target, name);
        if (name !== 'put') return typeof value === 'function' ? value.bind(target) : value;
        return (...args: Parameters<typeof target.put>) => {
          const put = target.put(...args);
          const end = () => order.push('the fill ended');
          put.done.then(end, end);
          onPut();
          return put;
        };
      },
    });
    const close = async () => {
      order.push('the store closes');
      await platform.close();
    };
    return { ...platform, ports: { ...platform.ports, blobs }, close };
  };
  server = await startServer(configured(), recorded, { environment: { PASSWORD: 'pass' }, logTo });
  let release: () => void = () => undefined;
  const until = new Promise<void>((resolve) => {
    release = resolve;
  });
  upstream.fail({ on: 'cdn', do: { kind: 'hold', until, after: 1000 } });
  await (await get('/v2/library/app/manifests/1')).text();
  await putting;
  await server.close();
  release();
  expect(order.at(-1)).toBe('the store closes');
  expect(order.length).toBeGreaterThan(1);
});

test('two servers do not share a folder, and a port is taken once', async () => {
  const options = { environment: { PASSWORD: 'pass' }, logTo };
  await expect(startServer(configured(), embedded(configured()), options)).rejects.toThrow(
    /is in use/,
  );
  const other = { ...configured(), data: join(folder, 'other') };
  const taken = { ...other, listen: { host: '127.0.0.1', port: server.address.port } };
  await expect(startServer(taken, embedded(taken), options)).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
  // The failed start let go of its folder.
  const third = await startServer(other, embedded(other), options);
  await third.close();
});

test('only a server that fills works on the queue and looks after the bound as it starts', async () => {
  await server.close();
  const config = configured({ storeBytes: '1B' });
  for (const fillsHere of [false, true]) {
    const begun: string[] = [];
    const openPlatform: OpenPlatform = async (lent) => {
      const platform = await embedded(config)(lent);
      const { blobs, queue } = platform.ports;
      const { usedBytes } = blobs;
      vi.spyOn(queue, 'start').mockImplementation(() => begun.push('fill'));
      vi.spyOn(blobs, 'usedBytes').mockImplementation(() => {
        begun.push('evict');
        return usedBytes.call(blobs);
      });
      return { ...platform, fillsHere };
    };
    server = await startServer(config, openPlatform, { environment: { PASSWORD: 'pass' }, logTo });
    expect(begun).toEqual(fillsHere ? ['fill', 'evict'] : []);
    await server.close();
  }
});

test('a Unix socket has a URL that says so', async () => {
  await server.close();
  const socket = join(folder, 'own.sock');
  const config = { ...configured(), listen: { socket } };
  const options = { environment: { PASSWORD: 'pass' }, logTo };
  server = await startServer(config, embedded(config), options);
  expect([server.url, server.address.port]).toEqual([`unix:${socket}`, -1]);
});

test('where no terminal is announced, the log is JSON', async () => {
  await server.close();
  lines.length = 0;
  const config = { ...configured(), log: { level: 'debug', format: 'auto' } } as const;
  const options = { environment: { PASSWORD: 'pass' }, logTo };
  server = await startServer(config, embedded(config), options);
  await fetch(`${server.url}/v2/library/app/manifests/1`);
  await server.close();
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) expect(JSON.parse(line)).toBeTypeOf('object');
});
