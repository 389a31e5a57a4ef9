import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { expect, onTestFinished, test } from 'vitest';
import { image, layerUrl, standin, tagUrl } from './standin.ts';

test('stops and starts again at the same place with the same content', async () => {
  const upstream = await standin();
  const url = tagUrl(upstream);
  await fetch(url);
  await upstream.stop();
  await expect(fetch(url)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
  await upstream.start();
  expect((await fetch(url)).status).toBe(200);
});

test('stops the second origin alone', async () => {
  const upstream = await standin();
  await upstream.stop('cdn');
  expect((await fetch(tagUrl(upstream))).status).toBe(200);
  await expect(fetch(layerUrl(upstream))).rejects.toThrow();
  await upstream.start('cdn');
  expect((await fetch(layerUrl(upstream))).status).toBe(200);
});

test('records requests, counts them and forgets them', async () => {
  const upstream = await standin();
  const headers = { authorization: 'Bearer secret', cookie: 'secret', 'x-mark': 'seen' };
  await fetch(`${tagUrl(upstream)}?ns=docker.io`, { headers, method: 'HEAD' });
  await (await fetch(tagUrl(upstream, image.manifest.digest))).arrayBuffer();
  expect(upstream.requests[0]).toMatchObject({
    method: 'HEAD',
    kind: 'manifest',
    repository: 'library/app',
    reference: '1',
    status: 200,
    authorization: 'Bearer',
    headers: { 'x-mark': 'seen' },
  });
  expect(upstream.requests[0]?.query.get('ns')).toBe('docker.io');
  expect(JSON.stringify(upstream.requests)).not.toContain('secret');
  expect(upstream.count({ kind: 'manifest' })).toBe(2);
  expect(upstream.count({ method: 'GET', reference: image.manifest.digest })).toBe(1);
  expect(upstream.totals()).toEqual({
    'manifest GET 200': { requests: 1, bytes: image.manifest.size },
    'manifest HEAD 200': { requests: 1, bytes: 0 },
  });
  upstream.clear();
  expect(upstream.count()).toBe(0);
});

test('totals stay right when the list is bounded', async () => {
  const upstream = await standin({}, { keepRequests: 2 });
  for (let n = 0; n < 7; n += 1) await fetch(`${upstream.url}/v2/`);
  expect(upstream.requests.length).toBeLessThan(4);
  expect(upstream.totals()).toMatchObject({ 'ping GET 200': { requests: 7 } });
});

test('runs as a process of its own, with its switches on another port', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'standin-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const outfile = join(folder, 'main.mjs');
  await build({
    entryPoints: [new URL('./main.ts', import.meta.url).pathname],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
    logLevel: 'silent',
  });
  const images = [
    { repository: 'library/app', tag: '1', layers: 2, layerBytes: 1000 },
    { repository: 'library/big', tag: '1', layers: 1, layerBytes: 1000, folder },
  ];
  const child = spawn(process.execPath, [outfile, JSON.stringify({ images })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(async () => {
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  const [line]: string[] = await once(createInterface(child.stdout), 'line');
  const ready: { url: string; control: string; images: { blobs: { digest: string }[] }[] } =
    JSON.parse(line ?? '');
  const post = (path: string, body?: unknown): Promise<Response> =>
    fetch(`${ready.control}/_standin/${path}`, { method: 'POST', body: JSON.stringify(body) });
  const pull = (): Promise<Response> => fetch(`${ready.url}/v2/library/app/manifests/1`);
  expect((await pull()).status).toBe(200);
  const digest = ready.images[1]?.blobs[1]?.digest;
  expect((await fetch(`${ready.url}/v2/library/big/blobs/${digest}`)).status).toBe(200);
  await post('set', { pullLimit: { limit: 0, windowSeconds: 60 } });
  expect((await pull()).status).toBe(429);
  await post('stop');
  await expect(pull()).rejects.toThrow();
  await post('start');
  await post('reset');
  expect((await pull()).status).toBe(200);
  const stats = await fetch(`${ready.control}/_standin/stats`);
  expect(await stats.json()).toMatchObject({ 'manifest GET 429': { requests: 1 } });
  expect((await post('nothing')).status).toBe(404);
  expect((await post('set')).status).toBe(400);
});
