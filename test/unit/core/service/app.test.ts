import { describe, expect, test, vi } from 'vitest';
import type { Answer } from '../../../../functions/core/registry/answer.ts';
import { type AppOptions, createApp } from '../../../../functions/core/service/app.ts';
import { paths } from '../../../conformance/paths.ts';
import { tellingApp } from '../../../conformance/telling-app.ts';

const note = { kind: 'manifest', form: 'root', upstreamCalls: 0 } as const;
const empty: Answer = { status: 200, headers: {}, body: undefined, note };

interface Asking {
  readonly method?: string;
  readonly target?: string;
}

/** What an app of these parts answers, and what it told its platform. */
async function ask(
  url: string,
  parts: Partial<AppOptions>,
  { method = 'GET', target }: Asking = {},
) {
  const answers: Answer[] = [];
  const errors: unknown[] = [];
  const app = createApp({
    registry: async () => empty,
    health: () => 'ok',
    unexpected: (error) => void errors.push(error),
    ...parts,
  });
  const answered = (answer: Answer) => void answers.push(answer);
  const response = await app.fetch(new Request(`https://mirror.test:8443${url}`, { method }), {
    ...(target !== undefined && { target }),
    answered,
  });
  return { response, errors, answers, note: answers.at(-1)?.note };
}

describe('a path reaches the registry as sent', () => {
  const answered = () => undefined;

  test.each(paths)('%s', async (path, route) => {
    const target = `${path}?ns=docker.io&x=%2B+y`;
    const response = await tellingApp.fetch(new Request(`https://mirror.test${target}`), {
      answered,
    });
    expect(await response.json()).toEqual({ target, route });
  });

  test.each(['/v2/../healthz', '/healthz/../v2/a/manifests/1', '/v2/%2e%2e/healthz', '/%68ealthz'])(
    '%s, where the platform knows what was sent',
    async (target) => {
      const request = new Request(`https://mirror.test${target}`);
      const response = await tellingApp.fetch(request, { target, answered });
      expect(await response.json()).toMatchObject({ target });
    },
  );
});

describe('the pages beside the registry', () => {
  const version = expect.stringMatching(/^\d+\.\d+\.\d+/);

  test.each([
    ['GET', '/healthz'],
    ['GET', '/healthz?verbose'],
    ['HEAD', '/healthz'],
    ['GET', '/'],
    ['GET', '/?probe'],
    ['HEAD', '/'],
  ])('%s %s has the status and the version, and nothing else', async (method, url) => {
    const { response, note } = await ask(url, {}, { method });
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'SAMEORIGIN',
      'referrer-policy': 'no-referrer',
    });
    expect(response.headers.has('strict-transport-security')).toBe(false);
    const text = await response.text();
    expect(Number(response.headers.get('content-length'))).toBeGreaterThan(20);
    if (method === 'HEAD') expect(text).toBe('');
    else expect(JSON.parse(text)).toEqual({ status: 'ok', version });
    expect(note).toEqual({ kind: 'healthz', form: 'root', upstreamCalls: 0 });
  });

  test('a mirror that is closing is a 503 of the same form', async () => {
    for (const url of ['/healthz', '/']) {
      const { response } = await ask(url, { health: () => 'closing' });
      expect(response.status).toBe(503);
      expect(await response.json()).toEqual({ status: 'closing', version });
    }
  });

  test('another method is refused', async () => {
    const { response } = await ask('/healthz', {}, { method: 'POST' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    expect(await response.text()).toBe('GET or HEAD only\n');
  });

  test('metrics exist if the platform has them', async () => {
    const metrics = async () => ({ type: 'text/plain', body: 'ü' });
    const { response, note } = await ask('/metrics', { metrics });
    expect([await response.text(), response.headers.get('content-length')]).toEqual(['ü', '2']);
    expect(note?.kind).toBe('metrics');
    expect((await ask('/metrics', {})).note?.kind).toBe('manifest');
  });

  test('metrics time out when the stores do not answer', async () => {
    vi.useFakeTimers();
    try {
      const asking = ask('/metrics', { metrics: () => new Promise(() => undefined) });
      await vi.advanceTimersByTimeAsync(10_000);
      const { response, errors } = await asking;
      expect([response.status, errors]).toEqual([504, []]);
    } finally {
      vi.useRealTimers();
    }
  });

  test.each(['/healthz/x', '/v2/healthz', '/healthzz', '/x'])('%s is not a page', async (url) => {
    expect((await ask(url, {})).note?.kind).toBe('manifest');
  });
});

test('the registry has only its own headers', async () => {
  const headers = { etag: '"sha256:a"', 'content-length': '3', 'content-type': 'a/b' };
  const bytes = new TextEncoder().encode('abc');
  const registry = async () => ({ ...empty, headers, body: bytes });
  for (const method of ['GET', 'HEAD', 'PUT']) {
    const { response } = await ask('/v2/a/manifests/1', { registry }, { method });
    expect(Object.fromEntries(response.headers)).toEqual(headers);
  }
  const { response } = await ask('/favicon.ico', { registry });
  expect(response.headers.get('x-frame-options')).toBe('SAMEORIGIN');
});

test('a HEAD keeps its body for the platform, and cancels a stream', async () => {
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    cancel() {
      cancelled = true;
    },
  });
  const registry = async () => ({ ...empty, headers: { 'content-length': '7' }, body });
  const { response, answers } = await ask('/v2/a/blobs/b', { registry }, { method: 'HEAD' });
  expect([response.body, response.headers.get('content-length')]).toEqual([null, '7']);
  expect(answers[0]?.body).toBe(body);
  expect(cancelled).toBe(true);
});

test.each([
  ['/v2/a/blobs/sha256:ab', 429],
  ['/v2/a/blobs/sha256:ab?ns=docker.io', 503],
  ['/v2/a/manifests/1', 503],
])(
  'a failure at %s sends the client to the origin with %i, and is reported',
  async (url, status) => {
    const registry = async () => Promise.reject(new Error('a secret'));
    const { response, errors } = await ask(url, { registry });
    expect(response.status).toBe(status);
    expect(await response.text()).not.toContain('a secret');
    expect(errors).toEqual([new Error('a secret')]);
  },
);
