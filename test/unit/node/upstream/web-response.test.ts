import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { FetchError } from '../../../../functions/core/upstream/fetch-error.ts';
import { webBody, webHeaders } from '../../../../functions/node/upstream/web-response.ts';

test('headers, also those that come more than once', () => {
  const headers = webHeaders({
    'content-type': 'a/b',
    'set-cookie': ['a=1', 'b=2'],
    via: undefined,
  });
  expect([...headers]).toEqual([
    ['content-type', 'a/b'],
    ['set-cookie', 'a=1'],
    ['set-cookie', 'b=2'],
  ]);
});

test('a body is read at the pace of its reader', async () => {
  const body = new Readable({ read: () => undefined });
  const reader = webBody(body).getReader();
  expect(body.isPaused()).toBe(true);
  const first = reader.read();
  body.push(Buffer.alloc(1000));
  expect((await first).value).toHaveLength(1000);
  expect(body.isPaused()).toBe(false);
  for (let at = 0; at < 4; at++) body.push(Buffer.alloc(64 * 1024));
  await turn();
  expect(body.isPaused()).toBe(true);
  await reader.read();
  await turn();
  expect(body.isPaused()).toBe(false);
  body.push(null);
  for (let at = 0; at < 3; at++) await reader.read();
  expect(await reader.read()).toEqual({ done: true, value: undefined });
});

test('its error is a FetchError, and a second one is no matter', async () => {
  const body = new Readable({ read: () => undefined });
  const reader = webBody(body).getReader();
  const reading = reader.read().catch((error: unknown) => error);
  body.emit('error', Object.assign(new Error('gone'), { code: 'ECONNRESET' }));
  body.emit('error', new Error('again'));
  body.emit('data', Buffer.from('late'));
  const failure = await reading;
  expect(failure).toBeInstanceOf(FetchError);
  expect(failure).toMatchObject({ message: 'the body broke off (ECONNRESET)' });
});

test('a cancelled body is destroyed, and what comes late is dropped', async () => {
  const body = new Readable({ read: () => undefined });
  const stream = webBody(body);
  await stream.cancel();
  expect(body.destroyed).toBe(true);
  body.emit('data', Buffer.from('late'));
  body.emit('end');
  body.emit('error', new Error('late'));
});
