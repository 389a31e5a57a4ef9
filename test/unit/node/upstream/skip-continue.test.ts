import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { skipContinue } from '../../../../functions/node/upstream/skip-continue.ts';

const interim = 'HTTP/1.1 100 Continue\r\nx: y\r\n\r\n';
const answer = 'HTTP/1.1 200 OK\r\n\r\nbody';

/** A socket that received nothing yet; `receive` gives what its reader gets of some bytes. */
function opened() {
  const socket = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  skipContinue(socket as unknown as Socket);
  const receive = (text: string): string | undefined => {
    socket.push(text, 'latin1');
    const chunk: Buffer | null = socket.read();
    return chunk?.toString('latin1');
  };
  return { socket, receive };
}

test.each([
  ['one', interim],
  ['two', interim + interim],
  ['one of HTTP/1.0', interim.replace('1.1', '1.0')],
])('%s ahead of a response is dropped', (_, ahead) => {
  const { socket, receive } = opened();
  socket.write('GET /');
  expect(receive(ahead + answer)).toBe(answer);
});

test('it may arrive byte by byte, and without what follows', () => {
  const { socket, receive } = opened();
  socket.write('GET /');
  for (const byte of interim) expect(receive(byte)).toBeUndefined();
  expect(receive(answer)).toBe(answer);
  expect(receive('more of the body')).toBe('more of the body');
});

test.each(['HTTP/1.1 101 Switching', 'HTTP/1.1 200 OK', 'HTTP/1.2 100', 'XTTP', 'HTTP/1.1 10\r\n'])(
  'a response of its own is not held back: %s',
  (line) => {
    const { socket, receive } = opened();
    socket.write('GET /');
    expect(receive(line)).toBe(line);
  },
);

test('only what follows a request is looked at', () => {
  const { socket, receive } = opened();
  expect(receive(interim)).toBe(interim);
  socket.write('GET /');
  expect(receive(answer)).toBe(answer);
  // This is of the body.
  expect(receive(interim)).toBe(interim);
  socket.write('GET /');
  expect(receive(interim)).toBeUndefined();
  expect(receive(answer)).toBe(answer);
});

test('headers of more than 16 KiB are left to the parser', () => {
  const start = 'HTTP/1.1 100 Continue\r\nx: ';
  const { socket, receive } = opened();
  socket.write('GET /');
  expect(receive(start.padEnd(16 * 1024, 'x'))).toBeUndefined();
  expect(receive('x')).toHaveLength(16 * 1024 + 1);
  expect(receive('x')).toBe('x');
});
