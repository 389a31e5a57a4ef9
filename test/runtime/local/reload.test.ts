import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Program } from '../../forms/program.ts';
import { makeImage } from '../../standins/images/image.ts';
import { randomLayer } from '../../standins/images/layer.ts';
import { startUpstream, type Upstream } from '../../standins/registry/upstream.ts';

const image = makeImage({ layers: [randomLayer('reload', 300_000)] });

let folder: string;
let upstream: Upstream;
let program: Program | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullfront-reload-'));
  upstream = await startUpstream({ auth: 'anonymous' });
  upstream.add('library/app', image, '1');
});

afterEach(async () => {
  program?.child.kill('SIGKILL');
  await upstream.close();
  await rm(folder, { recursive: true, force: true });
});

const file = () => join(folder, 'pullfront.json');

function write(configuration: object): Promise<void> {
  const whole = { listen: '127.0.0.1:0', data: join(folder, 'data'), ...configuration };
  return writeFile(file(), JSON.stringify(whole));
}

const hub = (more = {}) => ({ 'docker.io': { url: upstream.url, ...more } });
const other = () => ({ 'other.example': { url: upstream.url } });

/** Sends SIGHUP and waits until the log has one line more of a text. */
async function hangUp(text: string): Promise<string> {
  if (program === undefined) throw new Error('nothing runs');
  const { child } = program;
  const lines = () => program?.out.split('\n').filter((line) => line.includes(text)) ?? [];
  const before = lines().length;
  child.kill('SIGHUP');
  while (lines().length === before) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('it ended');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return lines().at(-1) ?? '';
}

test('SIGHUP takes a changed file, and keeps the old one where there are mistakes', async () => {
  await write({ upstreams: hub() });
  program = new Program(['serve', '--config', file()]);
  const url = await program.url();
  const app = () => fetch(`${url}/v2/library/app/manifests/1`);
  const elsewhere = () => fetch(`${url}/v2/other.example/library/app/manifests/1`);
  expect([(await app()).status, (await elsewhere()).status]).toEqual([200, 404]);

  await write({ upstreams: { ...hub({ deny: ['library/**'] }), ...other() } });
  const reloaded = await hangUp('configuration reloaded');
  expect(reloaded).not.toContain('needsRestart');
  expect([(await app()).status, (await elsewhere()).status]).toEqual([403, 200]);

  await write({ upstreams: { ...hub({ tagTtl: 'soon' }) }, limit: {} });
  await hangUp('unknown key \\"limit\\"');
  expect(program.out).toContain('got \\"soon\\"');
  expect(program.out).toContain('configuration not reloaded');
  expect([(await app()).status, (await elsewhere()).status]).toEqual([403, 200]);

  await rm(file());
  await hangUp('no such file');
  expect((await elsewhere()).status).toBe(200);

  program.child.kill('SIGTERM');
  expect(await program.end()).toBe(0);
});

test('what needs a restart is said in one line, and the rest is taken', async () => {
  await write({ upstreams: hub() });
  program = new Program(['serve', '--config', file()]);
  const url = await program.url();
  await write({
    upstreams: { ...hub(), ...other() },
    data: join(folder, 'moved'),
    listen: '127.0.0.1:1',
    limits: { memoryBytes: '1MB', storeBytes: '1GB' },
  });
  const line = await hangUp('configuration reloaded');
  expect(JSON.parse(line)).toMatchObject({ needsRestart: 'listen, data, limits.memoryBytes' });
  expect((await fetch(`${url}/v2/other.example/library/app/manifests/1`)).status).toBe(200);
});
