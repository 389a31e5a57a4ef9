import { expect, test } from 'vitest';
import { D1Lists, mostInlineBytes } from '../../../../functions/cloudflare/d1/lists.ts';
import * as statements from '../../../../functions/cloudflare/d1/statements.ts';
import { listLife } from '../../../../functions/core/ports/manifest-store.ts';
import { madeDigest } from '../../../contract/made-content.ts';
import { scriptedDatabase } from './scripted-database.ts';

const now = Date.UTC(2026, 0, 1);
const app = 'docker.io/library/app';

function scene(rows: (text: string) => readonly object[] = () => []) {
  const { database, ran, batches } = scriptedDatabase(({ text }) => rows(text));
  const values = new Map<string, Uint8Array>();
  const large = {
    put: async (name: string, bytes: Uint8Array) => void values.set(name, bytes),
    get: async (name: string) => values.get(name),
    delete: async (name: string) => void values.delete(name),
  };
  const lists = new D1Lists(database, { large: large as never, now: () => now });
  return { lists, ran, batches, values };
}

/** A list whose JSON has this many bytes. */
function tagsOf(bytes: number) {
  const list = { tags: ['a'], checked: 1 };
  const left = bytes - JSON.stringify(list).length;
  return { ...list, tags: ['a'.repeat(1 + left)] };
}

test.each([
  [mostInlineBytes, false],
  [mostInlineBytes + 1, true],
])('a list of %s bytes is in the bucket: %s', async (bytes, isInBucket) => {
  const { lists, ran, batches, values } = scene();
  const list = tagsOf(bytes);
  await lists.putTags(app, list);
  const text = JSON.stringify(list);
  expect(values.has(`tags/${app}`)).toBe(isInBucket);
  expect(ran).toEqual([
    { text: statements.removeOldTagLists, values: [now - listLife, 3] },
    { text: statements.putTagList, values: [app, isInBucket ? null : text, now] },
  ]);
  expect(batches).toEqual([2]);
});

test('a list is read from its row or from the bucket', async () => {
  const list = { tags: ['a'], checked: 1 };
  expect(await scene().lists.getTags(app)).toBeUndefined();
  const inRow = scene(() => [{ text: JSON.stringify(list) }]);
  expect(await inRow.lists.getTags(app)).toEqual(list);
  const inBucket = scene(() => [{ text: null }]);
  expect(await inBucket.lists.getTags(app)).toBeUndefined();
  inBucket.values.set(`tags/${app}`, new TextEncoder().encode(JSON.stringify(list)));
  expect(await inBucket.lists.getTags(app)).toEqual(list);
});

test('an empty list removes the one before, with its text in the bucket', async () => {
  const subject = madeDigest('subject');
  const names = [`tags/${app}`, `referrers/${app}/${subject}`];
  const { lists, ran, values } = scene((text) => {
    if (text === statements.removeTagList) return [{ name: names[0], isElsewhere: 1 }];
    return [{ name: names[1], isElsewhere: 0 }];
  });
  for (const name of names) values.set(name, new Uint8Array());
  await lists.putTags(app, { tags: [], checked: 1 });
  await lists.putReferrers(app, subject, { manifests: [], checked: 1 } as never);
  expect([...values.keys()]).toEqual([names[1]]);
  expect(ran).toEqual([
    { text: statements.removeTagList, values: [app] },
    { text: statements.removeReferrers, values: [app, subject] },
  ]);
});

test('referrers are kept by their subject', async () => {
  const { lists, ran } = scene();
  const list = { manifests: [{ digest: madeDigest('a') }], checked: 1 } as never;
  await lists.putReferrers(app, 'subject', list);
  await lists.getReferrers(app, 'subject');
  await lists.removeAll(app);
  expect(ran.map(({ values }) => values)).toEqual([
    [now - listLife, 3],
    [app, 'subject', JSON.stringify(list), now],
    [app, 'subject'],
    [app],
    [app],
  ]);
});
