import { expect, test } from 'vitest';
import { D1Leases } from '../../../../functions/cloudflare/d1/leases.ts';
import * as statements from '../../../../functions/cloudflare/d1/statements.ts';
import { longestHold } from '../../../../functions/core/ports/leases.ts';
import { scriptedDatabase } from './scripted-database.ts';

const day = 86_400_000;
const now = Date.UTC(2026, 0, 1);

/** Leases whose statements give these rows. */
function scene(rows: readonly object[], cleanup: () => readonly object[] = () => []) {
  const { database, ran } = scriptedDatabase(({ text }) =>
    text === statements.removeExpiredLeases ? cleanup() : rows,
  );
  const cleanups = () => ran.filter(({ text }) => text === statements.removeExpiredLeases);
  return { leases: new D1Leases(database, () => now), ran, cleanups };
}

test('each hundredth grant deletes what expired more than a day before', async () => {
  const { leases, cleanups } = scene([{ fence: 1, note: null }]);
  for (let grants = 1; grants <= 99; grants++) await leases.acquire('key', 1000);
  expect(cleanups()).toEqual([]);
  await leases.acquire('key', 1000);
  expect(cleanups()).toEqual([{ text: statements.removeExpiredLeases, values: [now - day] }]);
  for (let grants = 1; grants <= 100; grants++) await leases.acquireMany(['key'], 1000);
  expect(cleanups()).toHaveLength(2);
});

test('refused leases delete nothing', async () => {
  const { leases, cleanups } = scene([]);
  for (let tries = 0; tries < 200; tries++) expect(await leases.acquire('key', 1)).toBeUndefined();
  expect(cleanups()).toEqual([]);
});

test('a lease is granted although what expired cannot be deleted', async () => {
  const { leases, cleanups } = scene([{ fence: 1, note: null }], () => {
    throw new Error('D1 is down');
  });
  for (let grants = 1; grants <= 100; grants++) {
    expect(await leases.acquire('key', 1000)).toMatchObject({ fence: 1 });
  }
  expect(cleanups()).toHaveLength(1);
});

test('a lease has its fence, its end, and the note of the one before', async () => {
  const { leases, ran } = scene([{ key: 'key', fence: 7, note: 'before' }]);
  const lease = { key: 'key', fence: 7, expires: now + 1000 };
  expect(await leases.acquire('key', 1000)).toEqual({ ...lease, note: 'before' });
  expect(await leases.acquireMany(['key', 'held'], 1000)).toEqual([lease]);
  expect(await leases.renew(lease, 1000)).toEqual(lease);
  await leases.release({ ...lease }, 'after');
  await leases.release({ ...lease });
  expect(ran.map(({ values }) => values)).toEqual([
    ['key', now, now + 1000, now + longestHold],
    ['["key","held"]', now, now + 1000, now + longestHold],
    ['key', 7, now + 1000, now],
    ['key', 7, now, 'after'],
    ['key', 7, now, null],
  ]);
});

test('without a row, a lease is gone and not held', async () => {
  const { leases } = scene([]);
  expect(await leases.renew({ key: 'key', fence: 1 }, 1000)).toBeUndefined();
  expect(await leases.look('key')).toEqual({ isHeld: false, note: undefined });
});

test.each([
  [1, null, { isHeld: true, note: undefined }],
  [0, 'left', { isHeld: false, note: 'left' }],
])('a row says with %s and %s whether a lease is held', async (isHeld, note, state) => {
  const { leases } = scene([{ isHeld, note }]);
  expect(await leases.look('key')).toEqual(state);
});
