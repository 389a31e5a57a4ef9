import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { SpentPulls } from '../../../../../functions/core/ports/ledger.ts';
import { Budgets } from '../../../../../functions/core/sources/budget/budgets.ts';
import { bounded } from '../../../../../functions/core/sources/budget/shared-spending.ts';
import { MemoryLeases } from '../../../../../functions/memory/leases.ts';
import { MemoryLedger } from '../../../../../functions/memory/ledger.ts';

const second = 1000;
const minute = 60 * second;
const hub = 'docker.io';

let now: number;
let ledger: MemoryLedger;
let writes: number;
let works: Promise<unknown>[];

/** Instances of one mirror; `delay` is the platform's. */
const open = (delay?: number) => {
  const runtime = {
    now: () => now,
    waitUntil: (work: Promise<unknown>) => void works.push(work),
    observe: () => undefined,
    random: () => 0,
    sleep: async (milliseconds: number) => {
      now += milliseconds;
    },
  };
  const leases = new MemoryLeases(() => now);
  return new Budgets({ leases, ledger, runtime, isShared: true, spendingDelay: delay });
};

beforeEach(() => {
  now = Date.UTC(2026, 11, 1, 12);
  ledger = new MemoryLedger();
  writes = 0;
  works = [];
  const { addSpending } = ledger;
  ledger.addSpending = async (day, added) => {
    if (added.length > 0) writes += 1;
    return addSpending.call(ledger, day, added);
  };
});

const settle = async () => {
  while (works.length > 0) await Promise.all(works.splice(0));
};

const pull = async (budgets: Budgets, name: string, networks?: readonly string[]) => {
  const budget = budgets.of(hub);
  await budget.admit('pull');
  budget.pull(name, networks, false)();
};

const reportOf = async (budgets: Budgets) => {
  budgets.of(hub);
  const [report] = await budgets.reports();
  if (report === undefined) throw new Error('there is no report');
  return report;
};

describe('who spends', () => {
  it('is the same on all instances, for today and yesterday', async () => {
    const [one, other] = [open(), open()];
    await pull(one, 'library/a', ['ci']);
    await pull(other, 'library/a');
    now += 6 * second;
    await pull(one, 'library/b', ['ci']);
    await settle();
    const expected = {
      repositories: [
        { name: 'library/a', pulls: 2 },
        { name: 'library/b', pulls: 1 },
      ],
      networks: [
        { name: 'ci', pulls: 2 },
        { name: 'anonymous', pulls: 1 },
      ],
    };
    for (const instance of [one, other, open()]) {
      expect(await reportOf(instance)).toMatchObject(expected);
    }
    now += 24 * 60 * minute;
    expect(await reportOf(other)).toMatchObject(expected);
    now += 24 * 60 * minute;
    await pull(one, 'library/c');
    await settle();
    expect((await reportOf(open())).repositories).toEqual([{ name: 'library/c', pulls: 1 }]);
  });

  it('is written once in 5 s, only if there is news, and with the next request after that', async () => {
    const [one, other] = [open(), open()];
    for (let at = 0; at < 10; at++) await pull(one, 'library/a');
    await settle();
    expect(writes).toBe(1);
    now += 5 * second;
    await one.of(hub).admit('head');
    await settle();
    expect(writes).toBe(2);
    expect((await reportOf(other)).repositories).toEqual([{ name: 'library/a', pulls: 10 }]);
    now += minute;
    await one.of(hub).admit('head');
    await settle();
    expect(writes).toBe(2);
  });

  it('is written a moment later where the platform says so', async () => {
    const one = open(5 * second);
    for (let at = 0; at < 3; at++) await pull(one, 'library/a');
    await settle();
    expect((await reportOf(open())).repositories).toEqual([{ name: 'library/a', pulls: 3 }]);
  });

  it('loses no pull while the ledger fails', async () => {
    const one = open();
    const { addSpending } = ledger;
    // As a tolerant port does.
    ledger.addSpending = async () => undefined as unknown as readonly SpentPulls[];
    await pull(one, 'library/a');
    await settle();
    expect((await reportOf(one)).repositories).toEqual([{ name: 'library/a', pulls: 1 }]);
    let tries = 0;
    ledger.addSpending = async (...given) => {
      tries += 1;
      return tries > 10 ? addSpending.apply(ledger, given) : (undefined as never);
    };
    await one.flush();
    expect(tries).toBe(1);
    ledger.addSpending = addSpending;
    await one.flush();
    expect((await reportOf(open())).repositories).toEqual([{ name: 'library/a', pulls: 1 }]);
  });

  it.each(['reading', 'writing'])(
    'keeps 1,000 names while %s fails, and no pull is lost',
    async (what) => {
      const one = open();
      const { addSpending } = ledger;
      ledger.addSpending = async (day, added) =>
        what === 'reading' || added.length > 0
          ? (undefined as unknown as readonly SpentPulls[])
          : addSpending.call(ledger, day, added);
      for (let at = 0; at < 1100; at++) await pull(one, `user/${at}`);
      await settle();
      for (const name of ['user/1', 'late', 'late', 'late']) await pull(one, name);
      now += minute;
      await pull(one, 'user/1');
      await settle();
      const { repositories } = await reportOf(one);
      // Of the late one no name is kept.
      expect(repositories[0]).toEqual({ name: 'user/1', pulls: 3 });
      expect(repositories.map(({ name }) => name)).not.toContain('late');
      expect(repositories.reduce((sum, { pulls }) => sum + pulls, 0)).toBe(1105);
    },
  );
});

describe('the hours until nothing is left', () => {
  const report = (budgets: Budgets, remaining: number) => {
    const rate = { limit: 100, remaining, windowSeconds: 21_600 };
    budgets.of(hub).answered({ request: 'head', sent: now, rate });
  };

  it('are the same on all instances, also on one that just started', async () => {
    const [one, other] = [open(), open()];
    report(one, 90);
    now += 30 * minute;
    await other.of(hub).admit('head');
    report(other, 60);
    now += 3 * second;
    const fresh = open();
    const hours = await Promise.all([one, other, fresh].map(reportOf));
    // 30 in half an hour.
    expect(hours.map(({ hoursUntilDry }) => hoursUntilDry)).toEqual([1, 1, 1]);
    now += 90 * minute;
    await fresh.of(hub).admit('head');
    report(fresh, 30);
    now += 3 * second;
    const later = (await Promise.all([one, other, fresh].map(reportOf))).map(
      (one) => one.hoursUntilDry,
    );
    expect(new Set(later).size).toBe(1);
    expect(later[0]).toBeGreaterThan(0);
  });
});

describe('the names of a day', () => {
  const row = (name: string, pulls = 1): SpentPulls => {
    return { registry: hub, account: 'anonymous', kind: 'repository', name, pulls };
  };

  it('are at most 100 of a kind and one for the rest, and no pull is lost', () => {
    const rows = fc.array(fc.record({ name: fc.nat(150), pulls: fc.nat(9) }), { maxLength: 300 });
    fc.assert(
      fc.property(rows, rows, (before, after) => {
        const [first, then] = [before, after].map((list) =>
          list.map(({ name, pulls }) => row(`n${name}`, pulls)),
        );
        const stored = bounded(first ?? [], []);
        const added = bounded(then ?? [], stored);
        const names = new Set([...stored, ...added].map(({ name }) => name));
        expect(names.size).toBeLessThanOrEqual(101);
        const sum = (list: readonly SpentPulls[]) =>
          list.reduce((all, { pulls }) => all + pulls, 0);
        expect(sum(added)).toBe(sum(then ?? []));
      }),
    );
  });
});
