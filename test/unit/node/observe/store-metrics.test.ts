import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import {
  rememberedRateLimits,
  storeMetrics,
} from '../../../../functions/node/observe/store-metrics.ts';
import { parsed } from '../../core/config/parsing.ts';

test('what was read last is shown while a store fails', async () => {
  const registry = new Registry();
  const state = { fails: false };
  const read = async <Value>(value: Value) => {
    if (state.fails) throw new Error('the table is down');
    return value;
  };
  const counters = {
    pullsServed: 30,
    pullsAvoided: 29,
    pullsMade: 1,
    bytesServed: 300,
    bytesFetched: 10,
  };
  storeMetrics(registry, {
    blobs: { usedBytes: () => read(4096) },
    ledger: { counters: () => read(counters), rateLimits: () => read([]) },
  });
  const before = await registry.metrics();
  expect(before).toContain('pullfront_store_bytes 4096');
  expect(before).toContain('pullfront_pulls_avoided_total 29');
  state.fails = true;
  expect(await registry.metrics()).toBe(before);
});

test('limits of an index that has user names come without them, the latest one last', async () => {
  const rateOf = (remaining: number) => ({ limit: 200, remaining, windowSeconds: 21_600 });
  const seenAt = (seen: number, account: string) => ({
    registry: 'docker.io',
    account,
    rate: rateOf(seen),
    seen,
  });
  const ledger = {
    rateLimits: async () => [
      seenAt(7, 'ci-bot'),
      seenAt(3, 'old-bot'),
      seenAt(1, 'anonymous'),
      seenAt(9, 'team'),
    ],
  };
  const { upstreams } = parsed({
    upstreams: {
      'docker.io': {
        accounts: [
          { username: 'a', password: { file: '/a' } },
          { username: 'b', password: { file: '/b' }, label: 'team' },
        ],
      },
    },
  });
  const kind = 'rate-limit';
  const registry = 'docker.io';
  expect(await rememberedRateLimits(ledger, upstreams)).toEqual([
    { kind, registry, credentials: 'anonymous', rate: rateOf(1) },
    { kind, registry, credentials: 'account-1', rate: rateOf(3) },
    { kind, registry, credentials: 'account-1', rate: rateOf(7) },
    { kind, registry, credentials: 'team', rate: rateOf(9) },
  ]);
});
