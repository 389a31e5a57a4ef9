import { describe, expect, test } from 'vitest';
import { createFunctionUrl, longestFiller } from '../../../../functions/aws/lambda/function-url.ts';
import { longestBody } from '../../../../functions/aws/lambda/url-response.ts';
import type { Answer, RegistryRequest } from '../../../../functions/core/registry/answer.ts';
import { createApp } from '../../../../functions/core/service/app.ts';
import { paths } from '../../../conformance/paths.ts';
import { tellingApp } from '../../../conformance/telling-app.ts';
import { urlEvent } from '../../../forms/aws/url-event.ts';
import { longestResult } from '../../../forms/aws/url-result.ts';

const note = { kind: 'manifest', form: 'root', upstreamCalls: 0 } as const;

function answerOf(body: Answer['body'], headers: Record<string, string> = {}): Answer {
  const length = body instanceof Uint8Array ? { 'content-length': String(body.byteLength) } : {};
  return { status: 200, headers: { ...length, ...headers }, body, note };
}

interface Scene {
  readonly answer: Answer | (() => Promise<Answer>);
  readonly method?: string;
  readonly target?: string;
  readonly signed?: string;
  readonly milliseconds?: number;
}

/** What comes out for an answer, and what the registry was asked. */
async function ask(scene: Scene) {
  const { answer, method = 'GET', target = '/v2/', signed, milliseconds = 20_000 } = scene;
  const asked: RegistryRequest[] = [];
  const errors: unknown[] = [];
  const onError = (error: unknown) => void errors.push(error);
  const app = createApp({
    registry: async (request) => {
      asked.push(request);
      return typeof answer === 'function' ? answer() : answer;
    },
    health: () => 'ok',
    unexpected: onError,
  });
  const functionUrl = createFunctionUrl({ app, signHead: async () => signed, onError });
  const headers = [
    ['Accept', 'a/b'],
    ['accept', 'c/d'],
    ['Range', 'bytes=0-1'],
    ['User-Agent', 'café ☕'],
  ] as const;
  const { result, bytes } = await functionUrl(urlEvent({ method, target, headers }), milliseconds);
  const body = Buffer.from(result.body ?? '', result.isBase64Encoded === true ? 'base64' : 'utf8');
  return { asked: asked[0], errors, result, bytes, body };
}

test('the target is the one that was sent, and headers are joined under lower-case names', async () => {
  const target = '/v2/a%2Fb/manifests/sha256%3Aab?ns=docker.io&x=%2B+y';
  const { asked } = await ask({ answer: answerOf(undefined), method: 'HEAD', target });
  expect(asked?.target).toBe(target);
  expect(asked?.method).toBe('HEAD');
  expect(asked?.header('accept')).toBe('a/b,c/d');
  expect(Buffer.from(asked?.header('user-agent') ?? '', 'latin1').toString()).toBe('café ☕');
  expect(asked?.header('range')).toBe('bytes=0-1');
  expect(asked?.header('if-none-match')).toBeUndefined();
});

function urlOver(app: Parameters<typeof createFunctionUrl>[0]['app']) {
  return createFunctionUrl({ app, signHead: async () => undefined, onError: () => undefined });
}

test.each([...paths.map(([path]) => path), '/v2/../healthz', '/v2/a/%2e%2e/b/manifests/1'])(
  '%s reaches the registry as sent',
  async (path) => {
    const target = `${path}?ns=docker.io&x=%2B+y`;
    const event = urlEvent({ method: 'GET', target, headers: [] });
    const { result } = await urlOver(tellingApp)(event, 20_000);
    const route = paths.find(([known]) => known === path)?.[1];
    const expected = route === undefined ? { target } : { target, route };
    expect(JSON.parse(result.body ?? '')).toMatchObject(expected);
  },
);

test('the pages beside the registry have their headers and their length', async () => {
  const ask = (method: string) =>
    urlOver(tellingApp)(urlEvent({ method, target: '/healthz', headers: [] }), 20_000);
  const { result, note, bytes } = await ask('GET');
  expect(JSON.parse(result.body ?? '')).toMatchObject({ status: 'ok' });
  expect(result.headers).toMatchObject({
    'content-type': 'application/json',
    'x-frame-options': 'SAMEORIGIN',
  });
  expect(note.kind).toBe('healthz');
  const head = await ask('HEAD');
  expect([head.result.statusCode, head.result.body?.length, head.bytes]).toEqual([200, bytes, 0]);
});

test('an app gets the body of a request', async () => {
  const fetch = async (request: Request) => new Response(await request.arrayBuffer());
  const event = { ...urlEvent({ method: 'POST', target: '/x', headers: [] }), body: '/w==' };
  const { result } = await urlOver({ fetch })({ ...event, isBase64Encoded: true }, 20_000);
  expect([result.body, result.isBase64Encoded]).toEqual(['/w==', true]);
});

describe('every byte comes through', () => {
  const text = (value: string) => new Uint8Array(Buffer.from(value));
  test.each([
    ['ASCII', text('{"a": 1}\r\n'), false],
    ['UTF-8', text('{"ä": "😀\u2028"}'), false],
    ['a byte order mark', text('\uFEFF{}'), true],
    ['not UTF-8', Uint8Array.of(0x7b, 0xff, 0xfe, 0x7d), true],
    ['a lone surrogate in UTF-8', Uint8Array.of(0xed, 0xa0, 0x80), true],
    ['an overlong form', Uint8Array.of(0xc0, 0x80), true],
    ['a NUL', Uint8Array.of(0x61, 0, 0x62), false],
    ['nothing', new Uint8Array(), false],
    ['a manifest of 4.39 MB', text('{"a":"\n\\"'.padEnd(4_393_216, '\n"')), true],
    ['a text that JSON writes six times as long', text('\u0001'.repeat(999_000)), false],
    ['the longest body', text('x'.repeat(longestBody)), true],
  ])('%s', async (_, bytes, isBase64Encoded) => {
    const { result, body, bytes: counted } = await ask({ answer: answerOf(bytes) });
    expect(result.isBase64Encoded).toBe(isBase64Encoded);
    expect(body.equals(bytes)).toBe(true);
    expect(counted).toBe(bytes.byteLength);
    expect(Buffer.byteLength(JSON.stringify(result))).toBeLessThanOrEqual(longestResult);
  });
});

test('only listed headers leave', async () => {
  const headers = {
    'content-type': 'application/json',
    'docker-content-digest': 'sha256:a',
    'x-amzn-remapped-date': 'yesterday',
    connection: 'close',
    'set-cookie': 'a=b',
  };
  const { result } = await ask({ answer: answerOf(new Uint8Array(3), headers) });
  expect(result.headers).toEqual({
    'content-type': 'application/json',
    'docker-content-digest': 'sha256:a',
  });
});

describe('a stream', () => {
  const streamed = (chunks: readonly Uint8Array[], length: number, error?: Error): Answer => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(chunk);
        if (error === undefined) controller.close();
        else controller.error(error);
      },
    });
    return { ...answerOf(body, { 'content-length': String(length) }), note };
  };
  const target = '/v2/library/alpine/blobs/sha256:ab';

  test('is collected', async () => {
    const chunks = [Uint8Array.of(1, 0xff), Uint8Array.of(2)];
    const { result, body } = await ask({ answer: streamed(chunks, 3), target });
    expect(result.statusCode).toBe(200);
    expect([...body]).toEqual([1, 0xff, 2]);
  });

  test.each([
    ['breaks', [Uint8Array.of(1)], 1, new Error('broken')],
    ['is shorter than was promised', [Uint8Array.of(1)], 2, undefined],
    ['promises too much', [], longestBody + 1, undefined],
    ['is longer than anything that fits', [new Uint8Array(longestBody + 1)], 3, undefined],
  ])('that %s sends the client to its origin', async (_, chunks, length, error) => {
    const without = await ask({ answer: streamed(chunks, length, error), target });
    expect(without.result.statusCode).toBe(429);
    expect(without.result.headers).toMatchObject({ 'retry-after': '1' });
    const named = `${target}?ns=docker.io`;
    const withNs = await ask({ answer: streamed(chunks, length, error), target: named });
    expect(withNs.result.statusCode).toBe(503);
  });
});

describe('HEAD', () => {
  const manifest = new Uint8Array(Buffer.from('{"a":1}'));
  const head = (answer: Answer, more: Partial<Scene> = {}) =>
    ask({ answer, method: 'HEAD', ...more });

  test('carries the whole manifest, so that the front counts it', async () => {
    const { result, body, bytes } = await head(answerOf(manifest));
    expect(body.equals(manifest)).toBe(true);
    expect(result.headers).not.toHaveProperty('content-length');
    expect(bytes).toBe(0);
  });

  test.each([1, 528, longestFiller])('carries %i spaces where no bytes are known', async (size) => {
    const { body } = await head(answerOf(undefined, { 'content-length': String(size) }));
    expect(body.byteLength).toBe(size);
  });

  test('of a larger stored blob goes to the bucket', async () => {
    const headers = { 'content-length': String(longestFiller + 1), 'cache-control': 'public' };
    const signed = 'https://b/x?s=1';
    const { result, body } = await head(answerOf(undefined, headers), { signed });
    expect([result.statusCode, body.byteLength]).toEqual([307, 0]);
    expect(result.headers).toEqual({ location: signed, 'cache-control': 'private, no-store' });
  });

  test('of a larger blob that is not stored has its header only', async () => {
    const headers = { 'content-length': String(longestFiller + 1) };
    const { result, body } = await head(answerOf(undefined, headers));
    expect([result.statusCode, body.byteLength]).toEqual([200, 0]);
    expect(result.headers).toEqual(headers);
  });

  test('without a length has none', async () => {
    const { result } = await head({ ...answerOf(undefined), status: 304 });
    expect(result).toMatchObject({ statusCode: 304, body: '', headers: {} });
  });
});

test('what should not happen is told, and answered by JSON', async () => {
  const answer = async () => Promise.reject(new Error('a bug'));
  const { result, errors } = await ask({ answer, target: '/v2/a/manifests/b' });
  expect(errors).toEqual([new Error('a bug')]);
  expect(result.statusCode).toBe(503);
  expect(JSON.parse(result.body ?? '')).toMatchObject({ errors: [{ code: 'UNAVAILABLE' }] });
});

test('an event that is no request is answered too', async () => {
  const functionUrl = urlOver(tellingApp);
  const { result } = await functionUrl(JSON.parse('{"Records": []}'), 20_000);
  expect(result.statusCode).toBe(503);
});

describe('what does not come in time sends the client to the origin', () => {
  const answer = () => new Promise<Answer>(() => undefined);
  test.each([
    { target: '/v2/a/blobs/sha256:ab', status: 429 },
    { target: '/v2/a/blobs/sha256:ab?ns=docker.io', status: 503 },
    { target: '/v2/a/manifests/1', status: 503 },
    { target: '/v2/a/manifests/1', status: 503, method: 'HEAD' },
  ])('$method $target', async ({ status, ...scene }) => {
    const { result, errors } = await ask({ answer, ...scene, milliseconds: 10 });
    expect(result.statusCode).toBe(status);
    expect(errors).toEqual([]);
  });

  test('and a body that stops as well', async () => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new Uint8Array(3)),
    });
    const { result } = await ask({ answer: answerOf(body), milliseconds: 10 });
    expect(result.statusCode).toBe(503);
  });
});
