import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Program, run } from '../../forms/program.ts';
import { makeImage } from '../../standins/images/image.ts';
import { randomLayer } from '../../standins/images/layer.ts';
import { startUpstream, type Upstream } from '../../standins/registry/upstream.ts';

const image = makeImage({ layers: [randomLayer('runtime', 300_000)] });
const layer = image.layers[0];

let folder: string;
let upstream: Upstream;
const programs: Program[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullfront-serve-'));
  upstream = await startUpstream({ auth: 'anonymous' });
  upstream.add('library/app', image, '1');
});

afterEach(async () => {
  for (const { child } of programs.splice(0)) child.kill('SIGKILL');
  await upstream.close();
  await rm(folder, { recursive: true, force: true });
});

const options = () => ['--data', join(folder, 'data'), '--upstream', `docker.io=${upstream.url}`];

function serve(...more: string[]): Program {
  const program = new Program(['serve', '--listen', '127.0.0.1:0', ...options(), ...more]);
  programs.push(program);
  return program;
}

test('it serves, says how to use it, and ends with 0 at Ctrl-C', async () => {
  const program = serve();
  const url = await program.url();
  const manifest = await fetch(`${url}/v2/library/app/manifests/1`);
  expect(manifest.headers.get('docker-content-digest')).toBe(image.manifest.digest);
  const blob = await fetch(`${url}/v2/library/app/blobs/${layer?.digest}`);
  expect((await blob.arrayBuffer()).byteLength).toBe(layer?.size);
  program.child.kill('SIGINT');
  expect(await program.end()).toBe(0);
  for (const text of [
    `data   ${join(folder, 'data')}`,
    `curl ${url}/healthz`,
    `{"registry-mirrors": ["${url}"]}`,
    '[registry."docker.io"]',
    `[host."${url}"]`,
    '[[registry.mirror]]',
  ]) {
    expect(program.err).toContain(text);
  }
  const lines = program.out.trim().split('\n');
  const requests = lines
    .map((line) => JSON.parse(line))
    .filter(({ message }) => message === 'request');
  expect(requests.map(({ kind, status }) => [kind, status])).toEqual([
    ['manifest', 200],
    ['blob', 200],
  ]);
});

test('what it stored is there for the next process, without its upstream', async () => {
  const first = serve();
  const url = await first.url();
  await (await fetch(`${url}/v2/library/app/manifests/1`)).text();
  for (const { digest } of [image.config, ...image.layers]) {
    await (await fetch(`${url}/v2/library/app/blobs/${digest}`)).arrayBuffer();
  }
  first.child.kill('SIGTERM');
  expect(await first.end()).toBe(0);
  await upstream.stop();
  const second = serve();
  const again = await fetch(`${await second.url()}/v2/library/app/manifests/1`);
  expect(again.status).toBe(200);
});

test('a request in flight is answered before the end', async () => {
  let release: () => void = () => undefined;
  const until = new Promise<void>((resolve) => {
    release = resolve;
  });
  upstream.fail({ on: 'cdn', do: { kind: 'hold', until, after: 1000 } });
  const program = serve();
  const url = await program.url();
  await (await fetch(`${url}/v2/library/app/manifests/1`)).text();
  const response = await fetch(`${url}/v2/library/app/blobs/${layer?.digest}`);
  program.child.kill('SIGTERM');
  await program.says('Shutting down');
  release();
  expect((await response.arrayBuffer()).byteLength).toBe(layer?.size);
  expect(await program.end()).toBe(0);
});

test('a second signal ends it at once', async () => {
  upstream.fail({ on: 'cdn', do: { kind: 'stall', after: 1000 } });
  const program = serve();
  const url = await program.url();
  await (await fetch(`${url}/v2/library/app/manifests/1`)).text();
  const response = await fetch(`${url}/v2/library/app/blobs/${layer?.digest}`);
  program.child.kill('SIGINT');
  await program.says('Shutting down');
  // Two signals within half a second count as one: npm repeats the terminal's.
  await new Promise((resolve) => setTimeout(resolve, 700));
  expect(program.child.exitCode).toBeNull();
  program.child.kill('SIGINT');
  expect(await program.end()).toBe(130);
  await expect(response.arrayBuffer()).rejects.toThrow();
});

test('requests and fills that take too long do not keep it from ending', async () => {
  upstream.fail({ on: 'cdn', do: { kind: 'stall', after: 1000 } });
  const file = join(folder, 'config.json');
  await writeFile(file, '{"shutdownTimeout": "100ms"}');
  const program = serve('--config', file);
  const url = await program.url();
  await (await fetch(`${url}/v2/library/app/manifests/1`)).text();
  const response = await fetch(`${url}/v2/library/app/blobs/${layer?.digest}`);
  program.child.kill('SIGTERM');
  await expect(response.arrayBuffer()).rejects.toThrow();
  expect(await program.end()).toBe(0);
});

test('a folder or an address in use is said in one line', async () => {
  const program = serve();
  const { host } = new URL(await program.url());
  const folderInUse = await run(['serve', '--listen', '127.0.0.1:0', ...options()]);
  expect(folderInUse.code).toBe(1);
  expect(folderInUse.err).toMatch(/^pullfront: the data folder .* is in use .*\n$/);
  const other = join(folder, 'other');
  const addressInUse = await run(['serve', '--listen', host, '--data', other]);
  expect(addressInUse.code).toBe(1);
  expect(addressInUse.err).toBe(
    `pullfront: ${host} is already in use; stop the other program, or choose another address with --listen HOST:PORT\n`,
  );
});

test('a data folder that is a file is said in one line', async () => {
  const file = join(folder, 'file');
  await writeFile(file, '');
  const { code, err } = await run(['serve', '--listen', '127.0.0.1:0', '--data', file]);
  expect(code).toBe(2);
  expect(err).toMatch(
    /^pullfront: cannot use the data folder .*: not a directory; choose another one with --data DIR\n$/,
  );
});

/** Runs a program by another user than root; only root can. */
const asOther = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];

test.runIf(process.getuid?.() === 0)('a data folder of root is said to another user', async () => {
  const first = serve();
  await first.url();
  first.child.kill('SIGTERM');
  expect(await first.end()).toBe(0);
  await chmod(folder, 0o755);
  const { status, stderr } = spawnSync(
    '/usr/bin/env',
    [
      ...asOther,
      process.execPath,
      'dist/pullfront.js',
      'serve',
      '--listen',
      '127.0.0.1:0',
      ...options(),
    ],
    { encoding: 'utf8' },
  );
  expect([status, stderr]).toEqual([
    2,
    `pullfront: cannot use the data folder ${folder}/data: permission denied: ${folder}/data belongs to root, and this process runs as user 65534; change the owner (chown -R 65534 ${folder}/data), or choose another folder with --data DIR\n`,
  ]);
});

test('a wrong certificate is a mistake of the configuration, and ends it with 2', async () => {
  const file = join(folder, 'config.json');
  await writeFile(file, '{"tls": {"cert": "config.json", "key": "none.key"}}');
  const { code, err } = await run(['serve', '--config', file, ...options()]);
  expect(code).toBe(2);
  expect(err).toContain(`tls.key: cannot read the file ${folder}/none.key: no such file`);
});

test('a low limit of open files is said at the start', async () => {
  const program = ['serve', '--listen', '127.0.0.1:0', ...options()];
  const limited = (files: number) =>
    spawn('/bin/sh', [
      '-c',
      `ulimit -n ${files}; exec "$@"`,
      'sh',
      process.execPath,
      'dist/pullfront.js',
      ...program,
    ]);
  const server = limited(64);
  const [line] = await once(server.stdout, 'data');
  expect(JSON.parse(String(line).split('\n')[0] ?? '')).toMatchObject({
    level: 'warn',
    message: 'open file limit too low',
    limit: 64,
    needed: 1024,
    hint: expect.stringContaining('ulimit -n 4096'),
  });
  server.kill('SIGTERM');
  await once(server, 'close');
  const none = limited(28);
  const [text] = await once(none.stderr, 'data');
  expect(String(text)).toBe(
    'pullfront: the limit of open files is too low; raise it: ulimit -n 4096\n',
  );
  await once(none, 'close');
});

test('it goes on when nobody reads its log', async () => {
  const program = serve();
  const url = await program.url();
  program.child.stdout?.destroy();
  for (let round = 0; round < 50; round += 1) await (await fetch(`${url}/v2/`)).text();
  program.child.kill('SIGTERM');
  expect(await program.end()).toBe(0);
});

test('it goes on where its log is on a full disk, says so, and ends with 0', async () => {
  const full = await open('/dev/full', 'w');
  const args = ['serve', '--listen', '127.0.0.1:0', ...options()];
  const program = new Program(args, {}, full.fd);
  programs.push(program);
  const url = await program.url();
  expect((await fetch(`${url}/v2/library/app/manifests/1`)).status).toBe(200);
  await program.says('log lines are being lost: ENOSPC');
  expect((await fetch(`${url}/v2/library/app/manifests/1`)).status).toBe(200);
  program.child.kill('SIGTERM');
  expect(await program.end()).toBe(0);
  await full.close();
});
