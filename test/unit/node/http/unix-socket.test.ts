import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hasCode, listening, listenOnSocket } from '../../../../functions/node/http/unix-socket.ts';
import { leaveSocket } from './stale-socket.ts';

let folder: string;
let path: string;
const servers: Server[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pullfront-socket-'));
  path = join(folder, 'socket');
});
afterEach(async () => {
  for (const server of servers.splice(0)) {
    await new Promise((resolve) => server.close(resolve));
  }
  rmSync(folder, { recursive: true });
});

function server(): Server {
  const created = createServer((socket) => socket.destroy());
  servers.push(created);
  return created;
}

test('the user and the group may connect, whatever the umask', async () => {
  await listenOnSocket(server(), path);
  expect(statSync(path).mode & 0o777).toBe(0o660);
});

test('a socket on which no process listens is replaced', async () => {
  await leaveSocket(path);
  const left = lstatSync(path).ino;
  await listenOnSocket(server(), path);
  expect(lstatSync(path).ino).not.toBe(left);
  expect(lstatSync(path).isSocket()).toBe(true);
});

test('a socket on which a process listens is an error, and stays', async () => {
  await listenOnSocket(server(), path);
  const before = lstatSync(path).ino;
  await expect(listenOnSocket(server(), path)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  expect(lstatSync(path).ino).toBe(before);
});

test('another kind of file is an error, and stays', async () => {
  writeFileSync(path, 'data');
  await expect(listenOnSocket(server(), path)).rejects.toThrow(
    `cannot listen on unix:${path}: another kind of file is there; remove it`,
  );
  expect(existsSync(path)).toBe(true);
});

test('a folder that does not exist is an error of the system', async () => {
  await expect(listenOnSocket(server(), join(folder, 'none', 'socket'))).rejects.toMatchObject({
    code: 'EACCES',
  });
});

test('no listener for errors is left', async () => {
  const one = server();
  await listening(one, path);
  expect(one.listenerCount('error')).toBe(0);
  chmodSync(path, 0o600);
});

test.each([
  [Object.assign(new Error(), { code: 'A' }), true],
  [Object.assign(new Error(), { code: 'C' }), false],
  [new Error('A'), false],
  [{ code: 'A' }, false],
])('the code of an error', (error, has) => {
  expect(hasCode(error, ['A', 'B'])).toBe(has);
});
