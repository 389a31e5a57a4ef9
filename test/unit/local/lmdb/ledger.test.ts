import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  type IndexDatabase,
  openIndexDatabase,
} from '../../../../functions/local/lmdb/database.ts';
import { LmdbLedger } from '../../../../functions/local/lmdb/ledger.ts';
import { MemoryLeases } from '../../../../functions/memory/leases.ts';

let folder: string;
let index: IndexDatabase;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullfront-ledger-'));
  index = openIndexDatabase(folder);
});
afterEach(async () => {
  vi.useRealTimers();
  await index.close();
  await rm(folder, { recursive: true, force: true });
});

/** Counts the writes to disk, and fails those it is told to. */
function watched(failures = 0) {
  const made = { writes: 0, failures };
  const write: IndexDatabase['write'] = (work) => {
    made.writes += 1;
    if (made.writes <= made.failures) return Promise.reject(new Error('disk full'));
    return index.write(work);
  };
  return { made, parts: { ...index, write } };
}

test('a thousand counts are one write, within seconds', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { made, parts } = watched();
  const ledger = new LmdbLedger(parts);
  for (let count = 0; count < 1000; count++) ledger.count({ pullsServed: 1 });
  expect(made.writes).toBe(0);
  await vi.advanceTimersByTimeAsync(6_000);
  vi.useRealTimers();
  await index.write(() => undefined);
  expect(made.writes).toBe(1);
  expect((await new LmdbLedger(index).counters()).pullsServed).toBe(1000);
});

test('nothing counted is nothing written', async () => {
  const { made, parts } = watched();
  await new LmdbLedger(parts).flush();
  expect(made.writes).toBe(0);
});

test('what could not be written is written the next time', async () => {
  const { parts } = watched(1);
  const ledger = new LmdbLedger(parts);
  const rate = { limit: 100, remaining: 9, windowSeconds: undefined };
  const seen = { registry: 'docker.io', account: 'anonymous', rate, seen: 1 };
  ledger.count({ bytesServed: 7 });
  await ledger.recordRateLimit(seen);
  await expect(ledger.flush()).rejects.toThrow('disk full');
  await ledger.flush();
  const again = new LmdbLedger(index);
  expect((await again.counters()).bytesServed).toBe(7);
  expect((await again.rateLimits())[0]?.rate.remaining).toBe(9);
});

test('fences go on rising after a restart', async () => {
  let now = 5_000_000;
  const before = new MemoryLeases(() => now);
  for (let count = 0; count < 10; count++) {
    const lease = await before.acquire('a', 1);
    if (lease !== undefined) await before.release(lease);
  }
  const last = await before.acquire('a', 1);
  now += 100;
  const first = await new MemoryLeases(() => now).acquire('a', 1);
  expect(first?.fence).toBeGreaterThan(last?.fence ?? Number.POSITIVE_INFINITY);
});
