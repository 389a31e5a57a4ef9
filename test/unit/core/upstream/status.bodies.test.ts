import { expect, test, vi } from 'vitest';
import { connectionOf } from '../../../../functions/core/upstream/connection.ts';
import type { Answer } from '../../../../functions/core/upstream/request.ts';
import { isPage, refusalOf, refusedStatus } from '../../../../functions/core/upstream/status.ts';
import { registryError } from './scripted-server.ts';

const url = new URL('https://registry.example/v2/a/b/manifests/1');
const fetch = () => Promise.reject(new Error('nothing is sent'));
const connection = connectionOf(
  { registry: 'registry.example', url, userAgent: 'test' },
  { fetch, now: () => 0, observe: () => undefined },
);

const requestOf = (method: 'GET' | 'HEAD') =>
  ({ purpose: 'manifest', method, remote: { name: 'a/b', upstreamCalls: 0 }, url }) as const;

interface Given {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly text?: string | undefined;
  readonly moved?: boolean;
  readonly role?: 'registry' | 'blob-host';
}

/** An answer, and whether its body was read to its end or cancelled. */
function answerOf({ status, headers = {}, text = registryError, moved = false, role }: Given) {
  let isDropped = false;
  const drop = () => {
    isDropped = true;
  };
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    drop();
    controller.enqueue(new TextEncoder().encode(text));
    controller.close();
  };
  const body = new ReadableStream({ pull, cancel: drop }, { highWaterMark: 0 });
  const response = new Response(body, { status, headers });
  const answerer = { role: role ?? 'registry', host: 'registry.example' } as const;
  const answer: Answer = { kind: 'answer', response, answerer, url, moved, redirect: undefined };
  return { answer, isDropped: () => isDropped };
}

test('the body of a 200 is left to read', async () => {
  const { answer, isDropped } = answerOf({ status: 200 });
  expect(await refusalOf(connection, requestOf('GET'), answer)).toBeUndefined();
  expect(isDropped()).toBe(false);
});

const challenge = { 'www-authenticate': 'Basic realm="x"' };

test.each([
  ['GET', { status: 404 }, 'absent'],
  ['GET', { status: 401 }, 'denied'],
  ['GET', { status: 403 }, 'denied'],
  ['HEAD', { status: 404, text: '' }, 'absent'],
  ['HEAD', { status: 403, text: '<html>' }, 'denied'],
  ['GET', { status: 401, headers: challenge, text: '<html>' }, 'denied'],
  ['GET', { status: 404, moved: true }, 'absent'],
] as const)('%s with %j is %s, and its body is dropped', async (method, given, kind) => {
  const { answer, isDropped } = answerOf(given);
  expect(await refusalOf(connection, requestOf(method), answer)).toEqual({ kind });
  expect(isDropped()).toBe(true);
});

test.each([
  { status: 401, moved: true },
  { status: 403, moved: true },
  { status: 404, moved: true, role: 'blob-host' as const },
  { status: 500 },
  { status: 404, text: '<html>' },
  { status: 404, text: '{"errors":[{"code":1}]}' },
])('%j is a failure, and its body is dropped', async (given) => {
  const { answer, isDropped } = answerOf(given);
  const { status } = given;
  await expect(refusalOf(connection, requestOf('GET'), answer)).rejects.toMatchObject({
    kind: 'unavailable',
    status,
  });
  expect(isDropped()).toBe(true);
});

const toomany = '{"errors":[{"code":"TOOMANYREQUESTS"}]}';
const json = { 'content-type': 'application/json' };
const plain = { 'content-type': 'text/plain' };

test.each([
  [toomany, {}, 'pulls'],
  ['{"errors":[{"code":"DENIED"}]}', json, undefined],
  ['slow down', plain, 'abuse'],
  ['slow down', {}, 'abuse'],
  ['{"message":"slow down"}', json, undefined],
  ['', json, 'pulls'],
  ['', plain, 'abuse'],
  ['', {}, undefined],
])('a 429 with %j and %j reports a limit of %s', async (text, headers, limit) => {
  const { answer } = answerOf({ status: 429, text, headers });
  const error = await refusedStatus(connection, requestOf('GET'), answer);
  expect(error).toMatchObject({ kind: 'limited', status: 429, limit, rate: undefined });
});

test('a 429 says how long to wait, and what the registry counts', async () => {
  const counted = { 'ratelimit-limit': '100;w=60', 'ratelimit-remaining': '0;w=60' };
  const refused = async (given: Partial<Given>) =>
    refusedStatus(connection, requestOf('GET'), answerOf({ status: 429, ...given }).answer);
  const stated = await refused({ headers: { ...counted, 'retry-after': '7' } });
  expect(stated).toMatchObject({ retryAfter: 7, rate: { limit: 100, remaining: 0 } });
  expect((await refused({ headers: counted, moved: true })).rate).toBeUndefined();
  const other = await refused({ status: 503, headers: { 'retry-after': '9' } });
  expect(other).toMatchObject({ kind: 'unavailable', retryAfter: 9 });
});

test('a 429 whose body never comes is waited for half a second', async () => {
  vi.useFakeTimers();
  try {
    const { answer } = answerOf({ status: 429 });
    const silent = { ...answer, response: new Response(new ReadableStream(), { status: 429 }) };
    const refused = refusedStatus(connection, requestOf('GET'), silent);
    await vi.advanceTimersByTimeAsync(500);
    expect((await refused).kind).toBe('limited');
  } finally {
    vi.useRealTimers();
  }
});

test.each([
  [401, 'text/html', true],
  [403, 'text/plain', true],
  [404, 'text/html; charset=utf-8', true],
  [404, 'application/json', false],
  [404, 'application/problem+json', false],
  [404, undefined, false],
  [500, 'text/html', false],
])('a HEAD with %i and %s is a page: %s', (status, type, isOne) => {
  const headers = type === undefined ? {} : { 'content-type': type };
  expect(isPage(answerOf({ status, headers }).answer)).toBe(isOne);
});
