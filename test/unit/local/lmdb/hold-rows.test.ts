import { beforeEach, expect, test } from 'vitest';
import { holdLife } from '../../../../functions/core/ports/manifest-store.ts';
import type { IndexDatabase } from '../../../../functions/local/lmdb/database.ts';
import { listHolds, putHold } from '../../../../functions/local/lmdb/hold-rows.ts';
import { madeDigest } from '../../../contract/made-content.ts';
import { useTestIndex } from './test-index.ts';

const testIndex = useTestIndex();
let index: IndexDatabase;

beforeEach(() => {
  index = testIndex();
});

const app = 'docker.io/library/app';
const now = 10 * holdLife;
const hold = (text: string, since: number) => ({ digest: madeDigest(text), since }) as never;

test('a hold is listed in its own repository, until it is too old', async () => {
  await index.write(() => {
    putHold(index, app, hold('a', now), now);
    putHold(index, `${app}2`, hold('b', now), now);
  });
  expect(listHolds(index, app, now)).toEqual([hold('a', now)]);
  expect(listHolds(index, app, now + holdLife - 1)).toHaveLength(1);
  expect(listHolds(index, app, now + holdLife)).toEqual([]);
});

test('of more than 2,000 holds the oldest are removed, those of the future first', async () => {
  await index.write(() => {
    for (let at = 0; at < 1999; at++) putHold(index, app, hold(String(at), now - at), now);
    putHold(index, app, hold('future', now + 1), now);
  });
  expect(index.holds.getCount()).toBe(2000);
  await index.write(() => putHold(index, app, hold('new', now), now));
  const left = listHolds(index, app, now).map(({ since }) => since);
  expect(left).toHaveLength(1801);
  expect(Math.max(...left)).toBe(now);
  expect(Math.min(...left)).toBe(now - 1799);
});
