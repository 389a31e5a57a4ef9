import { beforeEach, expect, it } from 'vitest';
import { MemoryLeases } from '../../../functions/memory/leases.ts';

const hour = 3_600_000;
let now: number;
let leases: MemoryLeases;

beforeEach(() => {
  now = Date.UTC(2026, 0, 1);
  leases = new MemoryLeases(() => now);
});

it.each([
  ['a minute', 60_000],
  ['an hour', hour],
  ['ten years', 87_600 * hour],
])('last as long as they should when the clock is set back by %s', async (_, back) => {
  const lease = await leases.acquire('key', 60_000);
  if (lease === undefined) throw new Error('the key is free');
  now -= back;
  // Nobody else gets it meanwhile, and its holder keeps it.
  expect(await leases.acquire('key', 60_000)).toBeUndefined();
  now += 30_000;
  expect(await leases.renew(lease, 60_000)).toMatchObject({ fence: lease.fence });
  now += 59_000;
  expect((await leases.look('key')).isHeld).toBe(true);
  now += 1_001;
  expect((await leases.look('key')).isHeld).toBe(false);
  const next = await leases.acquire('key', 60_000);
  expect(next?.fence).toBeGreaterThan(lease.fence);
});
