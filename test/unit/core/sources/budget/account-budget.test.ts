import { beforeEach, describe, expect, it } from 'vitest';
import type { MirrorEvent } from '../../../../../functions/core/ports/event.ts';
import { Budgets } from '../../../../../functions/core/sources/budget/budgets.ts';
import type { RequestKind } from '../../../../../functions/core/sources/budget/circuits.ts';
import { mostSources, ownerOf } from '../../../../../functions/core/sources/budget/owners.ts';
import { MemoryLeases } from '../../../../../functions/memory/leases.ts';
import { MemoryLedger } from '../../../../../functions/memory/ledger.ts';

const second = 1_000;
const minute = 60_000;
const hub = 'docker.io';

let now: number;
let ledger: MemoryLedger;
let events: MirrorEvent[];
let open: () => Budgets;
let random: number;

beforeEach(() => {
  now = 1_000_000;
  random = 0;
  events = [];
  const leases = new MemoryLeases(() => now);
  ledger = new MemoryLedger();
  const observe = (event: MirrorEvent) => void events.push(event);
  const runtime = {
    now: () => now,
    waitUntil: () => undefined,
    observe,
    random: () => random,
    sleep: async () => undefined,
  };
  open = () => new Budgets({ leases, ledger, runtime, isShared: true });
});

const may = async (budgets: Budgets, request: 'pull' | 'head', registry = hub) => {
  try {
    return await budgets.of(registry).admit(request);
  } catch {
    return 'stop';
  }
};

interface Details {
  readonly retryAfter?: number;
  readonly limit?: 'pulls' | 'abuse';
}

const refuse = (budgets: Budgets, request: RequestKind, { retryAfter, limit }: Details = {}) =>
  budgets.of(hub).refused({ request, sent: now, retryAfter, limit });

const report = (budgets: Budgets, request: RequestKind, remaining: number, source?: string) => {
  const rate = { limit: 100, remaining, windowSeconds: 21_600, source };
  budgets.of(hub).answered({ request, sent: now, rate });
};

describe("a registry's Retry-After", () => {
  it('refuses every GET, and all but one HEAD a minute, across instances', async () => {
    const [one, other] = [open(), open()];
    refuse(one, 'pull', { retryAfter: 3600 });
    expect(await may(other, 'head')).toBe('try');
    for (const instance of [one, other]) expect(await may(instance, 'head')).toBe('stop');
    for (const instance of [one, other]) expect(await may(instance, 'pull')).toBe('stop');
    now += minute;
    expect([await may(one, 'head'), await may(other, 'head')]).toEqual(['try', 'stop']);
    expect(await may(one, 'pull', 'ghcr.io')).toBe('send');
  });

  it('counts the HEAD that it refused as the one of that minute', async () => {
    const [one, other] = [open(), open()];
    refuse(one, 'head', { retryAfter: 3600 });
    for (const instance of [one, other]) expect(await may(instance, 'head')).toBe('stop');
    now += minute;
    expect([await may(one, 'head'), await may(other, 'head')]).toEqual(['try', 'stop']);
  });

  it('says how long it still runs, and ends', async () => {
    const budgets = open();
    refuse(budgets, 'pull', { retryAfter: 30 });
    await may(budgets, 'head');
    now += 10_500;
    await expect(budgets.of(hub).admit('pull')).rejects.toMatchObject({
      kind: 'limited',
      retryAfter: 20,
      isUnsent: true,
    });
    now += 19_500;
    expect([await may(budgets, 'pull'), await may(open(), 'pull')]).toEqual(['send', 'send']);
  });

  it('of a pull outlives an answered HEAD; of a HEAD it ends then', async () => {
    const budgets = open();
    refuse(budgets, 'pull', { retryAfter: 3600 });
    await may(budgets, 'head');
    budgets.of(hub).answered({ request: 'head', sent: now });
    expect(await may(budgets, 'pull')).toBe('stop');
    const [one, other] = [open().of('ghcr.io'), open().of('ghcr.io')];
    one.refused({ request: 'head', sent: now, limit: undefined, retryAfter: 3600 });
    await expect(other.admit('pull')).rejects.toMatchObject({ kind: 'limited' });
    now += 2 * second;
    one.answered({ request: 'head', sent: now });
    expect([await one.admit('pull'), await other.admit('pull')]).toEqual(['send', 'send']);
  });

  it('is known to another instance within 2 s of its last look', async () => {
    const [one, other] = [open(), open()];
    expect(await may(other, 'pull')).toBe('send');
    refuse(one, 'pull', { retryAfter: 60 });
    await may(one, 'head');
    now += 2 * second;
    expect(await may(other, 'pull')).toBe('stop');
  });
});

describe('the circuit of pulls', () => {
  it('stops only GETs of manifests, and closes when a HEAD shows that something is left', async () => {
    const budgets = open();
    report(budgets, 'pull', 0);
    expect([await may(budgets, 'pull'), await may(budgets, 'head')]).toEqual(['stop', 'send']);
    expect(() => budgets.of(hub).check('blob')).not.toThrow();
    expect(budgets.of(hub).stopped).toBeUndefined();
    expect(budgets.of(hub).pullLimit).toMatchObject({ kind: 'limited' });
    report(budgets, 'head', 0);
    expect(await may(budgets, 'pull')).toBe('stop');
    report(budgets, 'head', 1);
    expect(await may(budgets, 'pull')).toBe('send');
    expect(events.filter(({ kind }) => kind === 'circuit')).toEqual([
      { kind: 'circuit', registry: hub, account: 'anonymous', circuit: 'pulls', isOpen: true },
      { kind: 'circuit', registry: hub, account: 'anonymous', circuit: 'pulls', isOpen: false },
    ]);
  });

  it('is not closed by an answer to a request that was sent before it opened', async () => {
    const budgets = open();
    const sent = now;
    now += second;
    report(budgets, 'pull', 0);
    now += second;
    const rate = { limit: 100, remaining: 7, windowSeconds: 21_600 };
    for (const request of ['head', 'pull'] as const) {
      budgets.of(hub).answered({ request, sent, rate });
    }
    expect(await may(budgets, 'pull')).toBe('stop');
  });

  it('opens and closes for all instances within 2 s', async () => {
    const [one, other] = [open(), open()];
    expect(await may(other, 'pull')).toBe('send');
    report(one, 'pull', 0);
    now += 2 * second;
    expect(await may(other, 'pull')).toBe('stop');
    report(other, 'head', 3);
    now += 2 * second;
    expect(await may(one, 'pull')).toBe('send');
  });

  it('turns one GET a minute of all instances into a HEAD that tries', async () => {
    const [one, other] = [open(), open()];
    report(one, 'pull', 0);
    for (const instance of [one, other]) expect(await may(instance, 'pull')).toBe('stop');
    now += minute;
    expect([await may(one, 'pull'), await may(other, 'pull')]).toEqual(['try', 'stop']);
    expect([await may(one, 'pull'), await may(other, 'pull')]).toEqual(['stop', 'stop']);
  });

  it('is tried at a time of its own by each instance', async () => {
    random = 0.5;
    const late = open();
    report(late, 'pull', 0);
    now += minute;
    expect(await may(late, 'pull')).toBe('stop');
    now += 6 * second;
    expect(await may(late, 'pull')).toBe('try');
  });

  it('is judged by for ten minutes after the last report, and lasts as long as the window', async () => {
    const budgets = open();
    report(budgets, 'pull', 0);
    now += 599 * second;
    expect(budgets.of(hub).pullLimit).toMatchObject({ kind: 'limited' });
    now += second;
    expect(budgets.of(hub).pullLimit).toBeUndefined();
    now += 21_000 * second;
    expect(await may(budgets, 'pull')).toBe('send');
  });

  it('lasts a minute after a refused pull without a report, or until one is answered', async () => {
    const budgets = open();
    refuse(budgets, 'pull', { limit: 'pulls' });
    now += 59 * second;
    expect(budgets.of(hub).pullLimit).toMatchObject({ kind: 'limited', limit: 'pulls' });
    now += second;
    expect([budgets.of(hub).pullLimit, await may(budgets, 'pull')]).toEqual([undefined, 'send']);
    refuse(budgets, 'pull', { limit: 'pulls' });
    budgets.of(hub).answered({ request: 'pull', sent: now });
    expect(await may(budgets, 'pull')).toBe('send');
  });

  it('is closed when the clock was set back', async () => {
    const budgets = open();
    report(budgets, 'pull', 0);
    now -= second;
    expect(await may(budgets, 'pull')).toBe('send');
  });

  it('does not send more pulls at a time than are left', async () => {
    const budgets = open();
    report(budgets, 'head', 2);
    const asked = await Promise.all([1, 2, 3].map(() => may(budgets, 'pull')));
    expect(asked).toEqual(['send', 'send', 'stop']);
    const ends = [1, 2].map(() => budgets.of(hub).pull('library/app', undefined, false));
    for (const end of ends) end();
    expect(await may(budgets, 'pull')).toBe('send');
  });
});

describe('a registry that answers HEADs with 429 as well', () => {
  it('is tried after one minute, then two, four, eight and every fifteen', async () => {
    const budgets = open();
    refuse(budgets, 'head', { limit: 'pulls' });
    const waits: number[] = [];
    for (let tries = 0; tries < 6; tries++) {
      const began = now;
      while ((await may(budgets, 'head')) !== 'try') now += second;
      waits.push((now - began) / minute);
      refuse(budgets, 'head', { limit: 'pulls' });
    }
    expect(waits).toEqual([1, 2, 4, 8, 15, 15]);
    expect(() => budgets.of(hub).check('blob')).not.toThrow();
  });

  it('may be asked by all again when one HEAD is answered', async () => {
    const [one, other] = [open(), open()];
    refuse(one, 'head', { limit: 'pulls' });
    expect(await may(other, 'head')).toBe('stop');
    now += minute;
    expect(await may(one, 'head')).toBe('try');
    report(one, 'head', 9);
    now += 2 * second;
    for (const instance of [one, other]) expect(await may(instance, 'pull')).toBe('send');
  });
});

describe('the circuit of abuse', () => {
  it.each([
    ['a text', 'head', 'abuse'],
    ['a 429 on a blob', 'blob', undefined],
  ] as const)('after %s stops everything for its Retry-After', async (_, request, limit) => {
    const budgets = open();
    budgets.of(hub).refused({ request, sent: now, limit, retryAfter: 60 });
    for (const kind of ['pull', 'head', 'blob', 'other'] as const) {
      expect(() => budgets.of(hub).check(kind)).toThrow('too many requests');
    }
    expect(() => budgets.of('ghcr.io').check('blob')).not.toThrow();
    now += 59 * second;
    budgets.of(hub).answered({ request: 'head', sent: now });
    expect(await may(budgets, 'head')).toBe('stop');
    now += second;
    expect(await may(budgets, 'head')).toBe('send');
  });
});

describe('owners', () => {
  it('are the accounts', async () => {
    const budgets = open();
    report(budgets, 'pull', 0);
    const account = budgets.of(hub, 'team');
    expect(await account.admit('pull')).toBe('send');
    account.answered({
      request: 'pull',
      sent: now,
      rate: { limit: 200, remaining: 0, windowSeconds: 60, source: 'a-uuid' },
    });
    await expect(account.admit('pull')).rejects.toMatchObject({ kind: 'limited' });
    expect((await budgets.reports()).map(({ account: name }) => name)).toEqual([
      'anonymous',
      'team',
    ]);
  });

  it('are, without an account, the source addresses', async () => {
    const [one, other] = [open(), open()];
    report(other, 'head', 50, '198.51.100.7');
    report(one, 'pull', 0, '192.0.2.1');
    now += 2 * second;
    expect([await may(one, 'pull'), await may(other, 'pull')]).toEqual(['stop', 'send']);
    // Another one at the address of the first.
    report(other, 'head', 0, '192.0.2.1');
    expect(await may(other, 'pull')).toBe('stop');
  });

  it('are known by the newest news until the registry names the address', async () => {
    const [one, fresh] = [open(), open()];
    report(one, 'pull', 0, '192.0.2.1');
    expect(await may(fresh, 'pull')).toBe('stop');
    report(fresh, 'head', 9, '198.51.100.7');
    expect(await may(fresh, 'pull')).toBe('send');
  });

  it('are at most 64 addresses, which neither the ledger nor an event names', async () => {
    const budgets = open();
    for (let at = 0; at < 500; at++) report(budgets, 'pull', 0, `192.0.${at >> 8}.${at & 255}`);
    const rows = await ledger.rateLimits();
    expect(rows.length).toBeLessThanOrEqual(3 * mostSources);
    expect(JSON.stringify([rows, events, await budgets.reports()])).not.toContain('192.0.');
    const numbers = new Set(
      Array.from({ length: 500 }, (_, at) => ownerOf('anonymous', `192.0.2.${at}`)),
    );
    expect(numbers.size).toBe(mostSources);
  });
});

describe('what is shared', () => {
  it('is read every 2 s at most, and written when it changed', async () => {
    const budgets = open();
    let [reads, writes] = [0, 0];
    const { rateLimits, recordRateLimit } = ledger;
    ledger.rateLimits = async () => {
      reads += 1;
      return rateLimits.call(ledger);
    };
    ledger.recordRateLimit = async (seen) => {
      if (seen.account.includes('circuit')) writes += 1;
      return recordRateLimit.call(ledger, seen);
    };
    for (let at = 0; at < 100; at++) {
      await may(budgets, 'head');
      report(budgets, 'head', 0);
      now += 100;
    }
    expect([reads, writes]).toEqual([5, 1]);
  });
});
