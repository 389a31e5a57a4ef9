import { beforeEach, describe, expect, it } from 'vitest';
import { RetryAfterLimits } from '../../../../functions/core/sources/retry-after-limits.ts';
import { MemoryLeases } from '../../../../functions/memory/leases.ts';
import { MemoryLedger } from '../../../../functions/memory/ledger.ts';

let now: number;
let open: () => RetryAfterLimits;

beforeEach(() => {
  now = 1_000_000;
  const leases = new MemoryLeases(() => now);
  const ledger = new MemoryLedger();
  const runtime = { now: () => now, waitUntil: () => undefined };
  open = () => new RetryAfterLimits({ leases, ledger, runtime, isShared: true });
});

const hub = 'docker.io';
const may = async (limits: RetryAfterLimits, method: 'GET' | 'HEAD', registry = hub) =>
  (await limits.refuses(registry, method)) === undefined;

describe("a registry's Retry-After", () => {
  it('refuses every GET, and all but one HEAD a minute, across instances', async () => {
    const [one, other] = [open(), open()];
    one.begin(hub, 3600, 'pull');
    for (const instance of [one, other]) expect(await may(instance, 'GET')).toBe(false);
    expect(await may(other, 'HEAD')).toBe(true);
    for (const instance of [one, other]) expect(await may(instance, 'HEAD')).toBe(false);
    now += 60_000;
    expect([await may(one, 'HEAD'), await may(other, 'HEAD')]).toEqual([true, false]);
    expect(await may(one, 'GET', 'ghcr.io')).toBe(true);
  });

  it('counts the HEAD that it refused as the one of that minute', async () => {
    const [one, other] = [open(), open()];
    one.begin(hub, 3600, 'request');
    for (const instance of [one, other]) expect(await may(instance, 'HEAD')).toBe(false);
    now += 60_000;
    expect([await may(one, 'HEAD'), await may(other, 'HEAD')]).toEqual([true, false]);
  });

  it('says how long it still runs, and ends', async () => {
    const limits = open();
    limits.begin(hub, 30, 'pull');
    now += 10_500;
    expect(await limits.refuses(hub, 'GET')).toMatchObject({ kind: 'limited', retryAfter: 20 });
    now += 19_500;
    expect([await may(limits, 'GET'), await may(open(), 'GET')]).toEqual([true, true]);
  });

  it('of a pull outlives an answered HEAD; of any other request it ends then', async () => {
    const limits = open();
    limits.begin(hub, 3600, 'pull');
    limits.answered(hub);
    expect(await may(limits, 'GET')).toBe(false);
    now += 1;
    limits.begin(hub, 3600, 'request');
    now += 1;
    limits.answered(hub);
    expect([await may(limits, 'GET'), await may(open(), 'GET')]).toEqual([true, true]);
  });

  it('is known to another instance within 2 s of its last look', async () => {
    const [one, other] = [open(), open()];
    expect(await may(other, 'GET')).toBe(true);
    one.begin(hub, 60, 'pull');
    now += 2_000;
    expect(await may(other, 'GET')).toBe(false);
  });
});
