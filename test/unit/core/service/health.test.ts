import { expect, test } from 'vitest';
import type { Answer } from '../../../../functions/core/registry/answer.ts';
import { answerHealth, answerPage } from '../../../../functions/core/service/health.ts';

const asked = (method: string, target: string) => ({ method, target, header: () => undefined });
const textOf = (answer: Answer | undefined) =>
  new TextDecoder().decode(answer?.body as Uint8Array | undefined);
const version = expect.stringMatching(/^\d+\.\d+\.\d+/);

test.each([
  ['GET', '/healthz'],
  ['GET', '/healthz?verbose'],
  ['HEAD', '/healthz'],
])('%s %s says status and version, and nothing else', async (method, target) => {
  const answer = await answerHealth(asked(method, target), 'ok');
  expect(answer?.status).toBe(200);
  expect(answer?.headers).toEqual({
    'content-type': 'application/json',
    'content-length': String(textOf(answer).length),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  expect(JSON.parse(textOf(answer))).toEqual({ status: 'ok', version });
  expect(answer?.note).toEqual({ kind: 'healthz', form: 'root', upstreamCalls: 0 });
});

test('a mirror that is closing is a 503 of the same form', async () => {
  const answer = await answerHealth(asked('GET', '/healthz'), 'closing');
  expect(answer?.status).toBe(503);
  expect(JSON.parse(textOf(answer))).toEqual({ status: 'closing', version });
});

test('another method is refused', async () => {
  const answer = await answerHealth(asked('POST', '/healthz'), 'ok');
  expect([answer?.status, answer?.headers.allow]).toEqual([405, 'GET, HEAD']);
  expect(textOf(answer)).toBe('GET or HEAD only\n');
});

test.each(['/healthz/x', '/v2/healthz', '/healthzz', '/'])('%s is not its path', (target) => {
  expect(answerHealth(asked('GET', target), 'ok')).toBeUndefined();
});

test('a page is made only when it is asked for', async () => {
  const page = async () => ({ type: 'text/plain', body: 'ü' });
  const answer = await answerPage(asked('GET', '/page'), '/page', page);
  expect([answer?.status, answer?.headers['content-length']]).toEqual([200, '2']);
  const never = async () => expect.unreachable();
  expect(answerPage(asked('GET', '/other'), '/page', never)).toBeUndefined();
  expect((await answerPage(asked('PUT', '/page'), '/page', never))?.status).toBe(405);
});
