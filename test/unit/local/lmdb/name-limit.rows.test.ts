import { beforeEach, expect, test, vi } from 'vitest';
import { listLife, tagLife } from '../../../../functions/core/ports/manifest-store.ts';
import { tableBytes } from '../../../../functions/local/lmdb/database.ts';
import { NameLimit } from '../../../../functions/local/lmdb/name-limit.ts';
import { madeDigest } from '../../../contract/made-content.ts';
import { useTestIndex } from './test-index.ts';

const repository = 'docker.io/library/app';
const [here, elsewhere] = [madeDigest('here'), madeDigest('elsewhere')];
const hour = 3_600_000;

const index = useTestIndex();
let now: number;
/** How often the limit looked for rows to remove. */
let searches: number;
/** Set to do something in the middle of a search. */
let amid: () => unknown;

beforeEach(async () => {
  now = Date.UTC(2026, 0, 1);
  searches = 0;
  amid = () => undefined;
  const row = { mediaType: 'm', pulled: 0, blobs: [] };
  await index().manifests.put([repository, here], row);
});

const used = () => {
  const { tags, tagLists, referrers, tagStates } = index();
  return [tags, tagLists, referrers, tagStates].reduce((sum, one) => sum + tableBytes(one), 0);
};

/** A write, and whether it starts a search. */
async function written(limit: NameLimit): Promise<void> {
  limit.written();
  await limit.stop();
}

/** A write, and what is left when rows were removed. */
async function leftAfter(limit: NameLimit, isDone: (left: unknown[]) => boolean) {
  limit.written();
  await vi.waitFor(() => expect(isDone(names())).toBe(true), 10_000);
  await limit.stop();
  return names();
}

/** A table that says when its rows are read. */
function onRange<Table extends object>(table: Table, read: () => void): Table {
  return new Proxy(table, {
    get(of, name) {
      if (name === 'getRange') read();
      const value = Reflect.get(of, name, of);
      return typeof value === 'function' ? value.bind(of) : value;
    },
  });
}

function limitOf(mostBytes?: number): NameLimit {
  const { write, tagStates, tags, tagLists, referrers, manifests } = index();
  const observed = {
    tags: onRange(tags, () => amid()),
    tagLists,
    referrers,
    manifests,
    write,
    // It is the first table that is searched.
    tagStates: onRange(tagStates, () => {
      searches += 1;
    }),
  };
  return new NameLimit(observed as never, { now: () => now, mostBytes });
}

const tag = (name: string, digest = elsewhere, checked = now) =>
  index().tags.put([repository, name], { digest, checked } as never);
const list = (name: string, checked = now) =>
  index().tagLists.put(name, { tags: ['1'], checked } as never);
const names = () => [
  ...[...index().tags.getKeys()].map((key) => key[1]),
  ...index().tagLists.getKeys(),
];

test('rows that take exactly as much as the limit stay', async () => {
  await tag('a');
  await written(limitOf(used()));
  expect([searches, names()]).toEqual([0, ['a']]);
});

test('rows that take more than the limit are removed, those that were checked first', async () => {
  for (let at = 0; at < 100; at++) await tag(`${at}`.padStart(3, '0'), elsewhere, now - at);
  const left = await leftAfter(limitOf(used() - 1), ({ length }) => length < 91);
  expect(left.length).toBeGreaterThan(50);
  expect(left).toEqual(left.map((_, at) => `${at}`.padStart(3, '0')));
});

test('what has no manifest goes first, whatever its age', async () => {
  for (let at = 0; at < 50; at++) {
    await tag(`here-${at}`, here, now - 1000);
    await tag(`elsewhere-${at}`, elsewhere, now);
  }
  const left = await leftAfter(limitOf(used() - 1), ({ length }) => length < 100);
  expect(left.filter((name) => String(name).startsWith('here'))).toHaveLength(50);
});

test.each([
  [0, 0],
  [hour - 1, 0],
  [hour, 1],
  [-hour, 1],
])('rows are looked for once an hour: after %i ms', async (after, expected) => {
  const limit = limitOf();
  now += after;
  await written(limit);
  expect(searches > 0).toBe(expected === 1);
});

test('after a search, the next one is an hour later', async () => {
  const limit = limitOf();
  now += hour;
  limit.written();
  limit.written();
  await new Promise((resolve) => setTimeout(resolve, 20));
  const once = searches;
  now += hour - 1;
  await written(limit);
  expect([once > 0, searches]).toEqual([true, once]);
});

test('a limit that is stopped removes nothing', async () => {
  await tag('old', elsewhere, now - 2 * tagLife);
  const limit = limitOf();
  await limit.stop();
  now += hour;
  await written(limit);
  expect([searches, names()]).toEqual([0, ['old']]);
});

test('rows are removed when they are older than their life', async () => {
  const limit = limitOf();
  now += hour;
  await tag('old', elsewhere, now - tagLife - 1);
  await tag('old and needed', here, now - 2 * listLife);
  await tag('young', elsewhere, now - tagLife);
  await list('old-list', now - listLife - 1);
  await list('young-list', now - listLife);
  const left = await leftAfter(limit, (all) => !all.includes('old-list'));
  expect(left).toEqual(['old and needed', 'young', 'young-list']);
});

test('a row that is written meanwhile stays', async () => {
  const limit = limitOf();
  now += hour;
  await tag('old', elsewhere, now - 2 * tagLife);
  const { write } = index();
  // It is removed after the tags.
  await list('old-list', now - 2 * listLife);
  amid = () => {
    amid = () => undefined;
    void write(() => void tag('old'));
  };
  const left = await leftAfter(limit, (all) => !all.includes('old-list'));
  expect(left).toEqual(['old']);
});

test('more rows than one batch are all looked at', async () => {
  const limit = limitOf();
  now += hour;
  await index().write(() => {
    for (let at = 0; at < 1001; at++) void tag(`${at}`, elsewhere, now - 2 * tagLife);
  });
  expect(await leftAfter(limit, ({ length }) => length === 0)).toEqual([]);
});
