import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Program } from '../../forms/program.ts';

let folder: string;
let socket: string;
const programs: Program[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullfront-socket-'));
  socket = join(folder, 'p.sock');
});

afterEach(async () => {
  for (const { child } of programs.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

function serve(data: string): Program {
  const program = new Program([
    'serve',
    '--listen',
    `unix:${socket}`,
    '--data',
    join(folder, data),
  ]);
  programs.push(program);
  return program;
}

async function answer(path: string): Promise<{ status: number | undefined; body: string }> {
  const [response] = (await once(get({ socketPath: socket, path }), 'response')) as [
    IncomingMessage,
  ];
  let body = '';
  for await (const chunk of response) body += chunk;
  return { status: response.statusCode, body };
}

test('it serves on a Unix socket, which only its user and group may use', async () => {
  const program = serve('data');
  await program.says('reverse proxy');
  expect(program.err).toContain(`URL    unix:${socket}\n`);
  expect(program.err).toContain(`curl --unix-socket ${socket} http://localhost/healthz`);
  expect(await answer('/healthz')).toMatchObject({ status: 200 });
  expect(await answer('/v2/')).toEqual({ status: 200, body: '{}' });
  expect(statSync(socket).mode & 0o777).toBe(0o660);
  program.child.kill('SIGTERM');
  expect(await program.end()).toBe(0);
  expect(existsSync(socket)).toBe(false);
});

test('the socket of a killed server is replaced, and that of a running one is not', async () => {
  const killed = serve('data');
  await killed.says('reverse proxy');
  killed.child.kill('SIGKILL');
  await killed.end();
  expect(existsSync(socket)).toBe(true);
  const running = serve('data');
  await running.says('reverse proxy');
  const second = serve('other');
  expect(await second.end()).toBe(1);
  expect(second.err).toBe(
    `pullfront: cannot listen on unix:${socket}: another program listens there; choose another path with --listen unix:PATH\n`,
  );
  expect(await answer('/v2/')).toMatchObject({ status: 200 });
});

test('no other file is removed', async () => {
  await writeFile(socket, 'mine');
  const program = serve('data');
  expect(await program.end()).toBe(1);
  expect(program.err).toContain(`unix:${socket}: another kind of file is there; remove it`);
  expect(statSync(socket).size).toBe(4);
});

test('a folder that does not exist is named', async () => {
  socket = join(folder, 'none', 'p.sock');
  const program = serve('data');
  expect(await program.end()).toBe(1);
  expect(program.err).toBe(
    `pullfront: cannot listen on unix:${socket}: no such folder; choose another path with --listen unix:PATH\n`,
  );
});

test('a port alone is served on loopback, and :PORT on all addresses', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  taken.close();
  for (const [listen, url] of [
    [`${port}`, `http://127.0.0.1:${port}`],
    [':0', /^http:\/\/(?:\[::\]|0\.0\.0\.0):\d+$/],
  ] as const) {
    const program = new Program(['serve', '--listen', listen, '--data', join(folder, 'data')]);
    programs.push(program);
    const served = await program.url();
    expect(served).toMatch(url);
    const reached = served.replace(/\[::\]|0\.0\.0\.0/, '127.0.0.1');
    expect((await fetch(`${reached}/v2/`)).status).toBe(200);
    program.child.kill('SIGTERM');
    await program.end();
  }
});
