import { expect, test } from 'vitest';
import { answerHealth } from '../../../functions/core/registry/health.ts';

const counters = {
  pullsServed: 3,
  pullsAvoided: 2,
  pullsMade: 1,
  bytesServed: 30,
  bytesFetched: 10,
};

async function ask(request: { method: string; target: string }, usedBytes: () => Promise<number>) {
  const ports = {
    blobs: { usedBytes },
    ledger: { counters: async () => counters, rateLimits: async () => [] },
  } as unknown as Parameters<typeof answerHealth>[0];
  const answer = await answerHealth(ports, '1.2.3', { ...request, header: () => undefined });
  const { body } = answer ?? {};
  const text = body instanceof Uint8Array ? new TextDecoder().decode(body) : undefined;
  return { answer, state: text === undefined ? undefined : JSON.parse(text) };
}

test.each(['/healthz', '/healthz?verbose'])('%s says what the stores know', async (target) => {
  const { answer, state } = await ask({ method: 'GET', target }, async () => 10);
  expect(answer?.status).toBe(200);
  expect(answer?.headers).toMatchObject({ 'cache-control': 'no-store' });
  expect(state).toEqual({
    status: 'ok',
    version: '1.2.3',
    storeBytes: 10,
    counters,
    rateLimits: [],
  });
});

test('it is degraded, and still 200, without the index', async () => {
  const lost = async () => {
    throw new Error('unreachable');
  };
  const { answer, state } = await ask({ method: 'GET', target: '/healthz' }, lost);
  expect(answer?.status).toBe(200);
  expect(state).toEqual({ status: 'degraded', version: '1.2.3' });
});

test.each([
  { method: 'POST', target: '/healthz' },
  { method: 'GET', target: '/healthz/x' },
  { method: 'GET', target: '/v2/healthz' },
])('$method $target is the registry’s to answer', async (request) => {
  const { answer } = await ask(request, async () => 0);
  expect(answer).toBeUndefined();
});
