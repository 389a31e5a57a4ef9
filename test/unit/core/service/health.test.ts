import { expect, test } from 'vitest';
import { answerHealth, healthAnswer } from '../../../../functions/core/service/health.ts';

const asked = (method: string, target: string) =>
  answerHealth('1.2.3', { method, target, header: () => undefined });

function stateOf(answer: ReturnType<typeof answerHealth>): unknown {
  return JSON.parse(new TextDecoder().decode(answer?.body as Uint8Array));
}

test.each([
  ['GET', '/healthz'],
  ['GET', '/healthz?verbose'],
  ['HEAD', '/healthz'],
])('%s %s says status and version, and nothing else', (method, target) => {
  const answer = asked(method, target);
  expect(answer?.status).toBe(200);
  expect(answer?.headers).toMatchObject({
    'content-type': 'application/json',
    'cache-control': 'no-store',
  });
  expect(stateOf(answer)).toEqual({ status: 'ok', version: '1.2.3' });
});

test('a server that is closing is a 503 of the same form', () => {
  const answer = healthAnswer('closing', '1.2.3');
  expect(answer.status).toBe(503);
  expect(stateOf(answer)).toEqual({ status: 'closing', version: '1.2.3' });
});

test.each([
  ['POST', '/healthz'],
  ['GET', '/healthz/x'],
  ['GET', '/v2/healthz'],
])('%s %s is the registry’s to answer', (method, target) => {
  expect(asked(method, target)).toBeUndefined();
});
