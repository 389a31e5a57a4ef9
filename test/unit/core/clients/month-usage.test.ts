import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Verdict } from '../../../../functions/core/clients/client-limits.ts';
import { MonthUsage } from '../../../../functions/core/clients/month-usage.ts';
import type { MirrorEvent } from '../../../../functions/core/ports/event.ts';
import { MemoryLedger } from '../../../../functions/memory/ledger.ts';

const limit = 1000;
const month = '2026-12';

/** A hard limit. */
function decide(used: number): Verdict {
  const kind = used < limit ? 'allowed' : 'refused';
  return { kind, limit, remaining: 0, reset: 1 };
}

/** Instances over one ledger, whose writes take a turn of the event loop and can be made to fail. */
function scene(most?: number) {
  const ledger = new MemoryLedger();
  const state = { now: Date.UTC(2026, 11, 5), fails: false, writes: 0 };
  const events: MirrorEvent[] = [];
  const work = new Set<Promise<unknown>>();
  const addUsage = async (of: string, added: ReadonlyMap<string, number>) => {
    state.writes += 1;
    await new Promise((resolve) => setImmediate(resolve));
    if (state.fails) throw new Error('the table is down');
    return ledger.addUsage(of, added);
  };
  const open = (flushDelay?: number) =>
    new MonthUsage({
      ledger: { addUsage },
      runtime: {
        now: () => state.now,
        observe: (event) => events.push(event),
        waitUntil: (one) => work.add(one),
        sleep: () => new Promise((resolve) => setImmediate(resolve)),
      },
      flushDelay,
      ...(most !== undefined && { most }),
    });
  const stored = async (client: string, of = month) =>
    (await ledger.addUsage(of, new Map([[client, 0]]))).get(client);
  return { state, events, open, stored, settled: () => Promise.all(work) };
}

test('instances overshoot by at most a hundredth of the limit and one blob each', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 40 }),
      fc.array(fc.nat(4), { minLength: 50, maxLength: 300 }),
      fc.integer({ min: 1, max: 30 }),
      async (instances, largest, requests, atOnce) => {
        const { open, settled } = scene();
        const usages = Array.from({ length: instances }, () => open());
        let got = 0;
        for (let at = 0; at < requests.length; at += atOnce) {
          await Promise.all(
            requests.slice(at, at + atOnce).map(async (one) => {
              const bytes = 1 + ((one * 7919) % largest);
              const usage = usages[one % instances];
              const verdict = await usage?.take('client', limit, bytes, decide);
              if (verdict?.kind === 'allowed') got += bytes;
            }),
          );
        }
        await settled();
        expect(got).toBeLessThanOrEqual(limit + instances * (limit / 100 + largest));
      },
    ),
    { numRuns: 60 },
  );
});

test('everything below the limit is allowed', async () => {
  const { open, stored, settled } = scene();
  const [one, other] = [open(), open()];
  for (let bytes = 0; bytes < limit; bytes += 10) {
    const usage = bytes % 20 === 0 ? one : other;
    expect((await usage.take('client', limit, 10, decide)).kind).toBe('allowed');
  }
  await Promise.all([one.flush(), other.flush(), settled()]);
  expect(await stored('client')).toBe(limit);
  expect((await open().take('client', limit, 10, decide)).kind).toBe('refused');
  expect((await open().take('another', limit, 10, decide)).kind).toBe('allowed');
});

test('a client far below its limit waits once, and its bytes are written every ten seconds', async () => {
  const { open, state, settled } = scene();
  const usage = open();
  for (let pull = 0; pull < 1000; pull++) {
    await usage.take('client', 1e9, 100, (used) => ({ ...decide(0), remaining: used }));
  }
  await settled();
  expect(state.writes).toBe(1);
  state.now += 10_000;
  usage.add('client', 1);
  await settled();
  expect(state.writes).toBe(2);
});

test('the next month begins at zero', async () => {
  const { open, state, stored } = scene();
  const usage = open();
  await usage.take('client', limit, limit, decide);
  await usage.flush();
  expect((await usage.take('client', limit, 1, decide)).kind).toBe('refused');
  state.now = Date.UTC(2027, 0, 1);
  expect((await usage.take('client', limit, 5, decide)).kind).toBe('allowed');
  await usage.flush();
  expect([await stored('client'), await stored('client', '2027-01')]).toEqual([limit, 5]);
});

test('while the ledger fails each instance counts alone, and writes all of it later', async () => {
  const { open, state, stored, events } = scene();
  const usage = open();
  state.fails = true;
  for (let bytes = 0; bytes < limit; bytes += 100) {
    expect((await usage.take('client', limit, 100, decide)).kind).toBe('allowed');
  }
  expect((await usage.take('client', limit, 100, decide)).kind).toBe('refused');
  // No client waits for it again within 5 s.
  expect(state.writes).toBeLessThanOrEqual(3);
  expect(events[0]).toMatchObject({ kind: 'store-failed', operation: 'addUsage' });
  state.fails = false;
  await usage.flush();
  expect(await stored('client')).toBe(limit);
});

test('clients beyond the bound are written to make room, or share one count', async () => {
  const { open, state, stored } = scene(4);
  const usage = open();
  for (const client of ['a', 'b', 'c', 'd']) await usage.take(client, limit, 1, decide);
  await usage.flush();
  await usage.take('e', limit, 2, decide);
  await usage.flush();
  expect(await stored('e')).toBe(2);
  expect((await usage.take('a', limit, 0, decide)).kind).toBe('allowed');
  expect(usage.known('a')).toBe(1);
  state.fails = true;
  for (const client of ['f', 'g', 'h', 'i', 'j', 'k']) usage.add(client, 3);
  expect(usage.known('x')).toBe(usage.known('y'));
  expect(usage.known('x')).toBeGreaterThan(0);
  state.fails = false;
  await usage.flush();
  expect(await stored('others')).toBeGreaterThan(0);
});

test('a Worker writes a count although no other follows', async () => {
  const { open, stored, settled } = scene();
  const usage = open(5_000);
  usage.add('client', 1);
  await settled();
  usage.add('client', 2);
  await settled();
  expect(await stored('client')).toBe(3);
});

test('five seconds after a failure the ledger is asked again, and not before', async () => {
  const { open, state } = scene();
  const usage = open();
  state.fails = true;
  await usage.take('one', limit, 1, decide);
  const { writes } = state;
  state.now += 4999;
  await usage.take('two', limit, 1, decide);
  expect(state.writes).toBe(writes);
  state.now += 1;
  await usage.take('three', limit, 1, decide);
  expect(state.writes).toBe(writes + 1);
});

test('to make room, half of the clients whose counts are written are forgotten', async () => {
  const { open } = scene(4);
  const usage = open();
  for (const client of ['a', 'b', 'c', 'd']) await usage.take(client, limit, 1, decide);
  await usage.flush();
  usage.add('e', 7);
  expect(usage.known('d')).toBe(1);
  expect(usage.known('a')).not.toBe(1);
});
