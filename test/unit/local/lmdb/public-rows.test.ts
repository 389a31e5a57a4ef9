import { beforeEach, expect, test } from 'vitest';
import { publicLife } from '../../../../functions/core/ports/public-repositories.ts';
import type { IndexDatabase } from '../../../../functions/local/lmdb/database.ts';
import { getPublic, putPublic } from '../../../../functions/local/lmdb/public-rows.ts';
import { useTestIndex } from './test-index.ts';

const testIndex = useTestIndex();
let index: IndexDatabase;

beforeEach(() => {
  index = testIndex();
});

const app = 'docker.io/library/app';

test('a repository is public for a week from when it was seen', async () => {
  await index.write(() => putPublic(index, app, 5));
  expect(getPublic(index, [app, 'other'], 5 + publicLife - 1)).toEqual([{ key: app, seen: 5 }]);
  expect(getPublic(index, [app], 5 + publicLife)).toEqual([]);
});

test('of more than 10,000 public repositories the 1,000 seen first are removed', async () => {
  await index.write(() => {
    for (let at = 0; at < 10_000; at++) putPublic(index, `r/${at}`, 10_000 - at);
  });
  expect(index.publicRepositories.getCount()).toBe(10_000);
  await index.write(() => putPublic(index, 'r/new', 10_001));
  expect(index.publicRepositories.getCount()).toBe(9001);
  const seen = getPublic(index, ['r/8999', 'r/9001', 'r/new'], 0).map(({ key }) => key);
  expect(seen).toEqual(['r/8999', 'r/new']);
});
