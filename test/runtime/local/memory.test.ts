import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Program } from '../../forms/program.ts';
import { makeImage } from '../../standins/images/image.ts';
import { randomLayer } from '../../standins/images/layer.ts';
import { startUpstream, type Upstream } from '../../standins/registry/upstream.ts';

const images = ['one', 'two', 'three'].map((name) => ({
  repository: `library/${name}`,
  image: makeImage({ layers: [randomLayer(name, 900_000)] }),
}));

let folder: string;
let upstream: Upstream;
let program: Program | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullfront-memory-'));
  upstream = await startUpstream();
  for (const { repository, image } of images) upstream.add(repository, image, '1');
});

afterEach(async () => {
  program?.child.kill('SIGKILL');
  await upstream.close();
  await rm(folder, { recursive: true, force: true });
});

async function serve(environment: Record<string, string> = {}): Promise<string> {
  const data = join(folder, 'data');
  const args = ['--store', 'memory', '--data', data, '--upstream', `docker.io=${upstream.url}`];
  program = new Program(['serve', '--listen', '127.0.0.1:0', ...args], environment);
  return program.url();
}

async function pull(url: string, { repository, image }: (typeof images)[number]): Promise<string> {
  const blobs = [image.config, ...image.layers];
  const answers: string[] = [];
  await (await fetch(`${url}/v2/${repository}/manifests/1`)).arrayBuffer();
  for (const { digest, size } of blobs) {
    const response = await fetch(`${url}/v2/${repository}/blobs/${digest}`);
    expect((await response.arrayBuffer()).byteLength).toBe(size);
    answers.push(response.headers.get('cache-status')?.includes('hit') ? 'hit' : 'miss');
  }
  return answers.join(' ');
}

test('a store in memory serves again what was pulled, writes nothing, and says so', async () => {
  const url = await serve();
  const [image] = images;
  if (image === undefined) throw new Error('there are images');
  await pull(url, image);
  expect(await pull(url, image)).toBe('hit hit');
  expect(program?.err).toContain('in memory; lost when the server stops');
  expect(await readdir(folder)).toEqual([]);
  program?.child.kill('SIGINT');
  expect(await program?.end()).toBe(0);
  expect(await readdir(folder)).toEqual([]);
});

test('a store in memory never holds more than limits.storeBytes', async () => {
  const url = await serve({ PULLFRONT_LIMITS_STORE_BYTES: '2MB' });
  for (const image of images) {
    await pull(url, image);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const stored = Number(/^pullfront_store_bytes (\d+)$/m.exec(metrics)?.[1]);
    expect(stored).toBeGreaterThan(0);
    expect(stored).toBeLessThanOrEqual(2_000_000);
  }
  const [oldest, , newest] = images;
  if (oldest === undefined || newest === undefined) throw new Error('there are images');
  expect(await pull(url, newest)).toBe('hit hit');
  expect(await pull(url, oldest)).toMatch(/miss/);
});
