import { beforeEach, expect, test } from 'vitest';
import { connectionOf } from '../../../../functions/core/upstream/connection.ts';
import { openSession } from '../../../../functions/core/upstream/session.ts';
import { registryError } from './scripted-server.ts';

const registry = 'https://registry.example';
const realm = `${registry}/token`;
const bearer = { 'www-authenticate': `Bearer realm="${realm}",service="registry.example"` };
const basic = { 'www-authenticate': 'Basic realm="registry"' };

type Answer = readonly [status: number, headers?: Record<string, string>, body?: string];

/** What was sent: a method, a URL and the authorization. */
let sent: string[];
/** Bodies that nothing read or cancelled. */
let open: Set<string>;

beforeEach(() => {
  sent = [];
  open = new Set();
});

/** A session whose requests are answered by a function of the URL and the authorization. */
function session(
  answer: (url: string, authorization: string) => Answer,
  credentials?: { username: string; password: string },
) {
  const connection = connectionOf(
    { registry: 'registry.example', url: new URL(registry), userAgent: 'test', credentials },
    {
      now: () => 1000,
      observe: () => undefined,
      async fetch(url, { method, headers }) {
        const { authorization = 'nothing' } = headers;
        const line = `${method} ${url.replace(registry, '')} with ${authorization}`;
        sent.push(line);
        const [status, more, text = registryError] = answer(url, authorization);
        const key = `${sent.length} ${line}`;
        open.add(key);
        const body = new ReadableStream(
          {
            pull(controller) {
              open.delete(key);
              controller.enqueue(new TextEncoder().encode(text));
              controller.close();
            },
            cancel: () => void open.delete(key),
          },
          { highWaterMark: 0 },
        );
        return new Response(body, { status, headers: more ?? {} });
      },
    },
  );
  return openSession(connection);
}

function request(more: object = {}) {
  const remote = { name: 'a/b', upstreamCalls: 0 };
  const url = new URL(`${registry}/v2/a/b/manifests/1`);
  return { purpose: 'manifest', method: 'GET', remote, url, ...more } as const;
}

const manifest = '/v2/a/b/manifests/1';
const isToken = (url: string) => url.startsWith(realm);
const token: Answer = [200, {}, '{"token":"t1"}'];

const statusOf = (end: Awaited<ReturnType<ReturnType<typeof session>['exchange']>>) =>
  end.kind === 'answer' ? end.response.status : end.kind;

test('an open registry is asked once, without a token', async () => {
  expect(statusOf(await session(() => [200]).exchange(request()))).toBe(200);
  expect(sent).toEqual([`GET ${manifest} with nothing`]);
});

test('a challenge leads to a second attempt with a token, which is kept', async () => {
  const { exchange, grantsPull, tokenServiceOf } = session((url, by) =>
    isToken(url) ? token : by === 'Bearer t1' ? [200] : [401, bearer],
  );
  expect(statusOf(await exchange(request()))).toBe(200);
  expect(statusOf(await exchange(request()))).toBe(200);
  expect(sent.filter((line) => line.includes('manifests'))).toEqual([
    `GET ${manifest} with nothing`,
    `GET ${manifest} with Bearer t1`,
    `GET ${manifest} with Bearer t1`,
  ]);
  expect(tokenServiceOf('a/b')).toMatchObject({ host: 'registry.example', hasToken: true });
  expect(grantsPull('other')).toBe(false);
  // The first answer is dropped; the two good ones are the caller's.
  expect([...open]).toHaveLength(2);
});

test('a second 401 is a refusal, and there is no third attempt', async () => {
  const { exchange } = session((url) => (isToken(url) ? token : [401, bearer]));
  expect(statusOf(await exchange(request()))).toBe('denied');
  expect(sent.filter((line) => line.includes('manifests'))).toHaveLength(2);
  expect([...open]).toEqual([]);
});

test('a second answer that is no 401 is the answer', async () => {
  const { exchange } = session((url, by) =>
    isToken(url) ? token : by === 'nothing' ? [401, bearer] : [404],
  );
  expect(statusOf(await exchange(request()))).toBe(404);
});

test('a 401 without a challenge is the answer', async () => {
  const { exchange } = session(() => [401]);
  expect(statusOf(await exchange(request()))).toBe(401);
  expect(sent.filter((line) => line.includes('manifests'))).toHaveLength(1);
});

test('credentials that Basic refuses are an error of the credentials', async () => {
  const { exchange } = session(() => [401, basic], { username: 'me', password: 'secret' });
  await expect(exchange(request())).rejects.toMatchObject({ kind: 'credentials' });
  expect([...open]).toEqual([]);
});

test('a token that a HEAD may not doubt is kept, and the request is refused', async () => {
  let isRefused = false;
  const { exchange } = session((url, by) => {
    if (isToken(url)) return token;
    return by === 'Bearer t1' && !isRefused ? [200] : [401, bearer];
  });
  await exchange(request());
  isRefused = true;
  const before = sent.length;
  const head = await exchange(request({ method: 'HEAD', keepsToken: true }));
  expect([head.kind, sent.length - before]).toEqual(['denied', 1]);
  expect(await exchange(request())).toMatchObject({ kind: 'denied' });
});

test.each([401, 403, 404])('a %i of another host is no challenge', async (status) => {
  const { exchange } = session((url) =>
    url.startsWith(registry) ? [307, { location: 'https://cdn.example/x' }] : [status],
  );
  expect(await exchange(request())).toMatchObject({ moved: true, response: { status } });
  expect(sent).toEqual([`GET ${manifest} with nothing`, 'GET https://cdn.example/x with nothing']);
});

test('another registry is authorized once, with a token of its own', async () => {
  const other = 'https://other.example';
  const challenge = {
    'www-authenticate': `Bearer realm="${other}/token",service="other.example"`,
  };
  const { exchange } = session((url, by) => {
    if (url.startsWith(registry)) return [307, { location: `${other}${manifest}` }];
    if (url.startsWith(`${other}/token`)) return [200, {}, '{"token":"t2"}'];
    return by === 'Bearer t2' ? [200] : [401, challenge];
  });
  expect(statusOf(await exchange(request()))).toBe(200);
  expect(sent.filter((line) => line.includes('other.example/v2'))).toEqual([
    `GET ${other}${manifest} with nothing`,
    `GET ${other}${manifest} with Bearer t2`,
  ]);
});

test.each([401, 403])('another registry that refuses its own token: %i', async (status) => {
  const other = 'https://other.example';
  const challenge = {
    'www-authenticate': `Bearer realm="${other}/token",service="other.example"`,
  };
  const { exchange } = session((url, by) => {
    if (url.startsWith(registry)) return [307, { location: `${other}${manifest}` }];
    if (url.startsWith(`${other}/token`)) return [200, {}, '{"token":"t2"}'];
    return by === 'Bearer t2' ? [status] : [401, challenge];
  });
  expect(statusOf(await exchange(request()))).toBe('denied');
});

test.each([403, 404])('a %i may hide a repository, which a token shows', async (status) => {
  const { exchange } = session(
    (url, by) => {
      if (isToken(url)) return token;
      if (url === `${registry}/v2/`) return [401, bearer];
      return by === 'Bearer t1' ? [200] : [status];
    },
    { username: 'me', password: 'secret' },
  );
  expect(statusOf(await exchange(request()))).toBe(200);
});

test('a 404 with a token is the answer', async () => {
  const { exchange } = session((url, by) => {
    if (isToken(url)) return token;
    return by === 'Bearer t1' ? [404] : [401, bearer];
  });
  await exchange(request());
  const before = sent.length;
  expect(statusOf(await exchange(request()))).toBe(404);
  expect(sent.length - before).toBe(1);
});
