import { expect, test } from 'vitest';
import { fromRequest, respond, targetOf } from '../../../../functions/core/service/web.ts';

const note = { kind: 'blob', form: 'root', upstreamCalls: 0 } as const;

test.each([
  ['http://mirror/v2/a?b=c', undefined, '/v2/a?b=c'],
  ['http://mirror', undefined, '/'],
  ['http://mirror/x', { target: '/v2/../x' }, '/v2/../x'],
  ['http://mirror/x', {}, '/x'],
])('the target of %s', (url, exchange, target) => {
  expect(targetOf(url, exchange as never)).toBe(target);
});

function context(method: string, env?: object) {
  const raw = new Request('http://mirror/v2/?a=b', { method, headers: { 'x-a': '1' } });
  return { req: { raw, method }, env } as never;
}

test('a request has what the platform knows of it', () => {
  const request = fromRequest(context('HEAD', { remoteAddress: '192.0.2.1' }));
  expect(request).toMatchObject({ method: 'HEAD', target: '/v2/?a=b', remoteAddress: '192.0.2.1' });
  expect([request.header('x-a'), request.header('x-b')]).toEqual(['1', undefined]);
  expect(fromRequest(context('GET')).remoteAddress).toBeUndefined();
});

test('an answer becomes a Response, and is told to the platform first', async () => {
  const told: unknown[] = [];
  const answer = { status: 206, headers: { 'x-a': '1' }, body: 'text', note };
  const response = respond(context('GET', { answered: (one: unknown) => told.push(one) }), answer);
  expect(told).toEqual([answer]);
  expect([response.status, response.headers.get('x-a')]).toEqual([206, '1']);
  expect(await response.text()).toBe('text');
  const empty = respond(context('GET', { answered: () => undefined }), {
    ...answer,
    body: undefined,
  });
  expect(empty.body).toBeNull();
});

test('HEAD has no body, and an unread stream is cancelled', async () => {
  let cancelled = 0;
  const stream = () =>
    new ReadableStream<Uint8Array>({
      cancel() {
        cancelled += 1;
        throw new Error('cannot close');
      },
    });
  const env = { answered: () => undefined };
  for (const body of [stream(), 'text']) {
    const response = respond(context('HEAD', env), { status: 200, headers: {}, body, note });
    expect(response.body).toBeNull();
  }
  expect(cancelled).toBe(1);
  respond(context('GET', env), { status: 200, headers: {}, body: stream(), note });
  expect(cancelled).toBe(1);
});
