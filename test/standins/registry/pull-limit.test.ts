import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { bearer, layerUrl, standin, tagUrl } from './standin.ts';

const pullLimit = { limit: 2, windowSeconds: 21600 };

test('counts manifest GETs and nothing else, and says so in headers', async () => {
  const upstream = await standin({ pullLimit });
  const remaining = async (method: string) => {
    const { headers } = await fetch(tagUrl(upstream), { method });
    return headers.get('ratelimit-remaining');
  };
  expect(await remaining('HEAD')).toBe('2;w=21600');
  expect(await remaining('GET')).toBe('1;w=21600');
  await fetch(layerUrl(upstream));
  await fetch(tagUrl(upstream, 'absent'));
  expect(await remaining('HEAD')).toBe('1;w=21600');
  const last = await fetch(tagUrl(upstream));
  expect(last.status).toBe(200);
  expect(last.headers.get('ratelimit-limit')).toBe('2;w=21600');
  expect(last.headers.get('docker-ratelimit-source')).toBe('127.0.0.1');
});

test('answers as Docker Hub when nothing is left, until the window turns', async () => {
  let now = Date.now();
  const upstream = await standin({ pullLimit }, { now: () => now });
  await fetch(tagUrl(upstream));
  await fetch(tagUrl(upstream));
  const refused = await fetch(tagUrl(upstream));
  expect(refused.status).toBe(429);
  expect(refused.headers.get('ratelimit-remaining')).toBe('0;w=21600');
  expect(refused.headers.get('retry-after')).toBeNull();
  expect(await refused.text()).toBe(
    '{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your (unauthenticated) pull rate limit. https://www.docker.com/increase-rate-limit"}]}',
  );
  expect((await fetch(tagUrl(upstream), { method: 'HEAD' })).status).toBe(200);
  expect((await fetch(layerUrl(upstream))).status).toBe(200);
  now += 21600_000;
  expect((await fetch(tagUrl(upstream))).status).toBe(200);
});

test('may refuse HEAD as well and name a time to wait', async () => {
  const limit = { limit: 0, windowSeconds: 60, headWhenExhausted: 429, retryAfter: '7' } as const;
  const upstream = await standin({ pullLimit: limit });
  const refused = await fetch(tagUrl(upstream), { method: 'HEAD' });
  expect(refused.status).toBe(429);
  expect(refused.headers.get('retry-after')).toBe('7');
});

test('gives an account a limit of its own', async () => {
  const upstream = await standin({ auth: 'anonymous', pullLimit: { ...pullLimit, limit: 0 } });
  upstream.set({ pullLimit: { ...pullLimit, limit: 0, accountLimit: 5 } });
  const headers = await bearer(upstream, 'user:pass');
  const answer = await fetch(tagUrl(upstream), { headers });
  expect(answer.headers.get('ratelimit-remaining')).toBe('4;w=21600');
  expect(answer.headers.get('docker-ratelimit-source')).toBe('user');
  const anonymous = { headers: await bearer(upstream) };
  expect((await fetch(tagUrl(upstream), anonymous)).status).toBe(429);
});

test('the abuse page meets every request', async () => {
  const upstream = await standin({ abusePage: true });
  for (const url of [tagUrl(upstream), layerUrl(upstream), `${upstream.url}/v2/`]) {
    const answer = await fetch(url);
    expect(answer.status).toBe(429);
    expect(answer.headers.get('retry-after')).toBe('60');
    expect(await answer.text()).toBe('Too Many Requests (HAP429).\n');
  }
  expect(upstream.count({ status: 429 })).toBe(3);
});

test('the abuse page with LF-only lines cannot be parsed by Node', async () => {
  const upstream = await standin({ abusePage: 'lf-only' });
  await expect(fetch(tagUrl(upstream))).rejects.toMatchObject({
    cause: { name: 'HTTPParserError' },
  });
  const text = await new Promise<string>((resolve) => {
    const socket = connect(Number(new URL(upstream.url).port), '127.0.0.1');
    let all = '';
    socket.on('data', (data) => {
      all += data;
    });
    socket.on('close', () => resolve(all));
    socket.write('GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n');
  });
  expect(text).toMatch(/^HTTP\/1\.1 429 Too Many Requests\n/);
  expect(text).not.toContain('\r');
});
