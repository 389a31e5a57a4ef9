import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FillLease, leaseLife } from '../../../../../functions/core/mirror/fills/fill-lease.ts';
import type { Lease } from '../../../../../functions/core/ports/leases.ts';

const now = 1_000_000;
let calls: string[];
let state: unknown;
let renewed: Lease | undefined;
let acquired: Lease | undefined;

const lease = (fence: number): Lease => ({ key: 'fill:blob', fence, expires: now + leaseLife });

beforeEach(() => {
  vi.useFakeTimers();
  calls = [];
  state = { isHeld: false, note: undefined };
  renewed = lease(1);
  acquired = lease(2);
});
afterEach(() => {
  vi.useRealTimers();
});

function take(claim: Parameters<typeof FillLease.take>[2]) {
  const leases = {
    acquire: async (key: string, life: number) => {
      calls.push(`acquire ${key} ${life}`);
      return acquired;
    },
    renew: async ({ key, fence }: Pick<Lease, 'key' | 'fence'>, life: number) => {
      calls.push(`renew ${key} ${fence} ${life}`);
      return renewed;
    },
    release: async ({ fence }: Lease) => void calls.push(`release ${fence}`),
  };
  const look = async (key: string) => {
    calls.push(`look ${key}`);
    return state;
  };
  const context = {
    ports: { leases },
    leases,
    attempt: { leases: { look } },
    runtime: { now: () => now, waitUntil: () => undefined },
  } as unknown as Parameters<typeof FillLease.take>[0];
  return FillLease.take(context, 'blob', claim);
}

const acquire = `acquire fill:blob ${leaseLife}`;
const look = 'look fill:blob';

test.each([
  ['without a reservation', undefined, [acquire]],
  ['with a reservation of 20 s', 20_000, [acquire]],
  ['with one of a moment more', 20_001, [look]],
  ['with the longest one', 80_000, [look]],
  ['with one that only a wrong clock can make', 80_001, [acquire]],
])('a fill %s begins with its lease or only looks for one', async (_, left, expected) => {
  const held = await take({ reservedUntil: left === undefined ? undefined : now + left });
  expect(calls).toEqual(expected);
  await held?.release();
});

test.each([
  ['another fill holds one', { isHeld: true, note: undefined }],
  ['leases are unavailable', 'failed'],
  ['the store is busy', 'busy'],
])('a reserved fill takes a lease if %s', async (_, looked) => {
  state = looked;
  const held = await take({ reservedUntil: now + 60_000 });
  expect(calls).toEqual([look, acquire]);
  await held?.release();
});

test('a fill whose lease another instance holds does not begin', async () => {
  acquired = undefined;
  expect(await take({})).toBeUndefined();
  expect(vi.getTimerCount()).toBe(0);
});

test('a continued fill renews the lease that was passed on', async () => {
  const held = await take({ fence: 7 });
  await held?.release();
  expect(calls).toEqual([`renew fill:blob 7 ${leaseLife}`, 'release 1']);
});

test('a continued fill whose lease was lost acquires another', async () => {
  renewed = undefined;
  const held = await take({ fence: 7 });
  await held?.release();
  expect(calls).toEqual([`renew fill:blob 7 ${leaseLife}`, acquire, 'release 2']);
});

test('a running fill renews its lease every 20 s until it is released', async () => {
  const held = await take({});
  calls = [];
  await vi.advanceTimersByTimeAsync(19_999);
  expect(calls).toEqual([]);
  await vi.advanceTimersByTimeAsync(20_001);
  expect(calls).toEqual([`renew fill:blob 2 ${leaseLife}`, `renew fill:blob 1 ${leaseLife}`]);
  await held?.release();
  expect(vi.getTimerCount()).toBe(0);
});

test('a reserved fill takes its lease after 20 s; a shorter one releases none', async () => {
  const short = await take({ reservedUntil: now + 60_000 });
  await short?.release();
  expect(calls).toEqual([look]);
  const long = await take({ reservedUntil: now + 60_000 });
  await vi.advanceTimersByTimeAsync(20_000);
  await long?.release();
  expect(calls).toEqual([look, look, acquire, 'release 2']);
});

test('a lease is passed on renewed, or as it was if that fails', async () => {
  const first = await take({});
  expect(await first?.handOn()).toEqual(lease(1));
  expect(vi.getTimerCount()).toBe(0);
  renewed = undefined;
  const second = await take({});
  expect(await second?.handOn()).toEqual(lease(2));
});
