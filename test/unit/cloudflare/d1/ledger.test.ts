import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { D1Ledger } from '../../../../functions/cloudflare/d1/ledger.ts';
import * as statements from '../../../../functions/cloudflare/d1/statements.ts';
import { scriptedDatabase } from './scripted-database.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function scene(rows: (text: string) => readonly object[] = () => []) {
  const { database, ran } = scriptedDatabase(({ text }) => rows(text));
  const works: Promise<unknown>[] = [];
  const waitUntil = (work: Promise<unknown>) => void works.push(work);
  const ledger = new D1Ledger(database, { now: () => Date.now(), waitUntil });
  const valuesOf = (text: string) =>
    ran.filter((one) => one.text === text).map((one) => one.values);
  return { ledger, works, valuesOf };
}

const full = (bytesServed: number) => [0, 0, 0, bytesServed, 0];

test('counts are written together after five seconds, by the request that counted first', async () => {
  const { ledger, works, valuesOf } = scene();
  ledger.count({ bytesServed: 1 });
  ledger.count({ bytesServed: 2 });
  expect(works).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(4999);
  expect(valuesOf(statements.addToCounters)).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(valuesOf(statements.addToCounters)).toEqual([full(3)]);
  ledger.count({ bytesServed: 4 });
  expect(works).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(5000);
  expect(valuesOf(statements.addToCounters)).toEqual([full(3), full(4)]);
});

test.each([
  [34_999, 1],
  [35_000, 2],
])('a write that was due is awaited for 30 s: after %s ms, %s writes', (passed, writes) => {
  const { ledger, works } = scene();
  ledger.count({ bytesServed: 1 });
  vi.setSystemTime(Date.now() + passed);
  ledger.count({ bytesServed: 1 });
  expect(works).toHaveLength(writes);
});

test('counts that could not be written are written with the next', async () => {
  let isDown = true;
  const { ledger, works, valuesOf } = scene(() => {
    if (isDown) throw new Error('D1 is down');
    return [];
  });
  ledger.count({ bytesServed: 1 });
  await vi.advanceTimersByTimeAsync(5000);
  await expect(Promise.all(works)).resolves.toBeDefined();
  ledger.count({ bytesServed: 2 });
  await expect(ledger.flush()).rejects.toThrow('D1 is down');
  isDown = false;
  await ledger.flush();
  expect(valuesOf(statements.addToCounters).at(-1)).toEqual(full(3));
});

test('nothing counted writes nothing', async () => {
  const { ledger, valuesOf } = scene();
  await ledger.flush();
  ledger.count({ bytesServed: 0 });
  await ledger.flush();
  expect(valuesOf(statements.addToCounters)).toEqual([]);
});

test('counters are those of all instances and what is not written yet', async () => {
  const stored = { pullsServed: 1, pullsAvoided: 2, pullsMade: 3, bytesServed: 4, bytesFetched: 5 };
  const { ledger } = scene((text) => (text === statements.getCounters ? [stored] : []));
  ledger.count({ bytesServed: 10 });
  expect(await ledger.counters()).toEqual({ ...stored, bytesServed: 14 });
  expect(await scene().ledger.counters()).toMatchObject({ bytesServed: 0 });
});

test('the months before the last are removed once a month', async () => {
  const { ledger, valuesOf, works } = scene((text) =>
    text === statements.addUsage ? [{ client: 'one', bytes: 12 }] : [],
  );
  const add = (month: string) => ledger.addUsage(month, new Map([['one', 5]]));
  expect(await add('2026-11')).toEqual(new Map([['one', 12]]));
  await add('2026-11');
  await add('2026-12');
  expect(valuesOf(statements.addUsage)).toEqual([
    ['2026-11', '{"one":5}'],
    ['2026-11', '{"one":5}'],
    ['2026-12', '{"one":5}'],
  ]);
  expect(valuesOf(statements.removeUsageBefore)).toEqual([['2026-10'], ['2026-11']]);
  expect(works).toHaveLength(2);
});

test('bytes of a month are counted although old months cannot be removed', async () => {
  const { ledger, works } = scene((text) => {
    if (text === statements.removeUsageBefore) throw new Error('D1 is down');
    return [{ client: 'one', bytes: 1 }];
  });
  expect(await ledger.addUsage('2026-11', new Map([['one', 1]]))).toEqual(new Map([['one', 1]]));
  await expect(Promise.all(works)).resolves.toBeDefined();
});

const report = (remaining: number, seen = 1) => ({
  registry: 'docker.io',
  account: 'anonymous',
  rate: { limit: 100, remaining, windowSeconds: 21_600 },
  seen,
});

test('a rate limit with nothing left is written at once, and others with the counts', async () => {
  const { ledger, works, valuesOf } = scene();
  await ledger.recordRateLimit(report(0));
  const written = () => valuesOf(statements.putRateLimit).map((values) => values.slice(0, 2));
  expect(written()).toEqual([['docker.io', 'anonymous']]);
  expect(works).toEqual([]);
  await ledger.recordRateLimit(report(0, 2));
  await ledger.recordRateLimit(report(50, 3));
  await ledger.flush();
  const seen = valuesOf(statements.putRateLimit).at(-1);
  expect(seen).toEqual(['docker.io', 'anonymous', JSON.stringify(report(50).rate), 3]);
});

test('rate limits are read as they were stored, with those that are not written yet', async () => {
  const { rate, ...row } = report(10);
  const { ledger } = scene((text) =>
    text === statements.getRateLimits
      ? [{ ...row, rate: JSON.stringify({ ...rate, source: '192.0.2.1' }) }]
      : [],
  );
  expect(await ledger.rateLimits()).toEqual([report(10)]);
});

test('a rate limit that could not be written is an error of its report', async () => {
  const { ledger } = scene(() => {
    throw new Error('D1 is down');
  });
  await expect(ledger.recordRateLimit(report(0))).rejects.toThrow('D1 is down');
});
