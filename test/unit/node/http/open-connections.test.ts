import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { expect, test, vi } from 'vitest';
import { OpenConnections } from '../../../../functions/node/http/open-connections.ts';

/** A connection with no network behind it. */
function scene() {
  const connections = new OpenConnections();
  const socket = new Socket();
  const destroySoon = vi.spyOn(socket, 'destroySoon').mockImplementation(() => undefined);
  const pause = vi.spyOn(socket, 'pause');
  connections.opened(socket);
  const begun: string[] = [];
  const ask = (name: string) => {
    const response = Object.assign(new EventEmitter(), { shouldKeepAlive: true });
    connections.admit(socket, response as unknown as ServerResponse, () => begun.push(name));
    return { response, end: () => response.emit('close') };
  };
  return { connections, socket, destroySoon, pause, begun, ask };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('a request begins at once, and one behind it after the answer and a turn', async () => {
  const { connections, socket, begun, ask } = scene();
  expect(connections.isAnswering(socket)).toBe(false);
  const first = ask('first');
  const second = ask('second');
  ask('third');
  expect(begun).toEqual(['first']);
  expect(connections.isAnswering(socket)).toBe(true);
  first.end();
  expect(begun).toEqual(['first']);
  expect(connections.isAnswering(socket)).toBe(true);
  await turn();
  expect(begun).toEqual(['first', 'second']);
  second.end();
  await turn();
  expect(begun).toEqual(['first', 'second', 'third']);
});

test('after its last answer a connection waits, and the next request begins at once', async () => {
  const { connections, socket, begun, ask } = scene();
  ask('first').end();
  expect(connections.isAnswering(socket)).toBe(false);
  ask('second');
  expect(begun).toEqual(['first', 'second']);
});

test('a request that arrives while the next one has its turn waits', async () => {
  const { begun, ask } = scene();
  const first = ask('first');
  ask('second');
  first.end();
  ask('third');
  expect(begun).toEqual(['first']);
  await turn();
  expect(begun).toEqual(['first', 'second']);
});

test('a hundred requests may wait; then the connection reads no more and ends after them', async () => {
  const { pause, begun, ask } = scene();
  const answers = [ask('0')];
  for (let at = 1; at <= 99; at++) answers.push(ask(String(at)));
  expect(pause).not.toHaveBeenCalled();
  const last = ask('100');
  expect(pause).toHaveBeenCalledTimes(1);
  expect(last.response.shouldKeepAlive).toBe(false);
  expect(answers.every(({ response }) => response.shouldKeepAlive)).toBe(true);
  ask('101');
  for (const answer of [...answers, last]) {
    answer.end();
    await turn();
  }
  expect(begun).toHaveLength(101);
  ask('102');
  expect(begun).toHaveLength(101);
});

test('what waits is dropped with its connection', async () => {
  const { connections, socket, begun, ask } = scene();
  const first = ask('first');
  ask('second');
  ask('third');
  first.end();
  socket.destroy();
  await turn();
  await turn();
  expect(begun).toEqual(['first']);
  ask('fourth');
  expect(begun).toEqual(['first']);
  expect(connections.isAnswering(socket)).toBe(false);
});

test('closing ends idle connections, and others after their answer, without what waits', async () => {
  const { connections, destroySoon, begun, ask } = scene();
  const first = ask('first');
  ask('second');
  connections.close();
  expect(destroySoon).not.toHaveBeenCalled();
  ask('third');
  first.end();
  expect(destroySoon).toHaveBeenCalledTimes(1);
  await turn();
  expect(begun).toEqual(['first']);
  const idle = scene();
  idle.connections.close();
  expect(idle.destroySoon).toHaveBeenCalledTimes(1);
});

test('an answer that begins while the server closes ends its connection', () => {
  const { connections, ask } = scene();
  expect(ask('before').response.shouldKeepAlive).toBe(true);
  const other = scene();
  other.connections.close();
  expect(other.ask('after').response.shouldKeepAlive).toBe(false);
  connections.cut();
});

test('a connection that opens while the server closes is cut', () => {
  const { connections } = scene();
  const [before, after] = [new Socket(), new Socket()];
  connections.opened(before);
  connections.close();
  connections.opened(after);
  expect([before.destroyed, after.destroyed]).toEqual([false, true]);
});

test('cutting destroys every connection, answers or not', () => {
  const { connections, socket, ask } = scene();
  const idle = new Socket();
  connections.opened(idle);
  ask('first');
  connections.cut();
  expect([socket.destroyed, idle.destroyed]).toEqual([true, true]);
});
