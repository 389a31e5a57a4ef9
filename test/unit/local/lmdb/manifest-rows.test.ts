import { beforeEach, expect, test } from 'vitest';
import type { IndexDatabase } from '../../../../functions/local/lmdb/database.ts';
import {
  addManifest,
  fillOf,
  forgetComplete,
  isEmpty,
  recordPull,
  removeManifest,
} from '../../../../functions/local/lmdb/manifest-rows.ts';
import { imageOf, madeDigest } from '../../../contract/made-content.ts';
import { useTestIndex } from './test-index.ts';

const testIndex = useTestIndex();
let index: IndexDatabase;

beforeEach(() => {
  index = testIndex();
});

const [app, other] = ['docker.io/library/app', 'docker.io/library/other'];
const image = imageOf('image', ['layer']);
const { digest } = image.manifest;
const layer = madeDigest('layer');

const add = (repository: string, pulled = 5, one = image) =>
  index.write(() => addManifest(index, repository, one.manifest, one.contents, pulled));
const remove = (repository: string, one = digest) =>
  index.write(() => removeManifest(index, repository, one));
const keysOf = (name: 'holders' | 'pulls' | 'entries' | 'namers' | 'catalogue' | 'bytes') =>
  [...index[name].getKeys({})].length;

test('a manifest has its rows once, and keeps its first pull', async () => {
  await add(app, 5);
  await add(app, 9);
  expect(index.manifests.get([app, digest])?.pulled).toBe(5);
  expect(keysOf('pulls')).toBe(1);
  expect(index.bytes.get(digest)?.equals(image.manifest.bytes)).toBe(true);
});

test('the last repository takes the bytes along, and a manifest all its rows', async () => {
  await add(app);
  await add(other);
  await remove(app);
  await remove(app);
  expect(keysOf('bytes')).toBe(1);
  expect([keysOf('holders'), keysOf('pulls'), keysOf('catalogue')]).toEqual([1, 1, 1]);
  await remove(other);
  for (const name of ['holders', 'pulls', 'entries', 'namers', 'catalogue', 'bytes'] as const) {
    expect([name, keysOf(name)]).toEqual([name, 0]);
  }
});

test('lists of a repository go with its last manifest', async () => {
  const second = imageOf('second', ['layer']);
  await add(app);
  await add(app, 5, second);
  const list = { tags: ['1'], checked: 1 };
  await index.write(() => {
    void index.tagLists.put(app, list);
    void index.referrers.put([app, digest], { manifests: [], checked: 1 } as never);
    void index.referrers.put([other, digest], { manifests: [], checked: 1 } as never);
  });
  await remove(app);
  expect(index.tagLists.get(app)).toEqual(list);
  expect(keysOf('catalogue')).toBe(1);
  await remove(app, second.manifest.digest);
  expect(index.tagLists.get(app)).toBeUndefined();
  expect([...index.referrers.getKeys({})]).toEqual([[other, digest]]);
});

test('a blob is fetched again for a manifest that names it', async () => {
  expect(fillOf(index, layer)).toBeUndefined();
  await add(app);
  expect(fillOf(index, layer)).toMatchObject({
    repository: { registry: 'docker.io', name: 'library/app' },
    blob: { digest: layer, size: 5 },
  });
});

test('manifests that name a blob are not complete without it, and others stay', async () => {
  await add(app);
  await add(other);
  const unrelated = imageOf('unrelated', ['another layer']);
  await add(app, 5, unrelated);
  await index.write(() => {
    for (const [repository, one] of [
      [app, digest],
      [app, unrelated.manifest.digest],
    ] as const) {
      const record = index.manifests.get([repository, one]);
      if (record !== undefined)
        void index.manifests.put([repository, one], { ...record, complete: 7 });
    }
  });
  await index.write(() => forgetComplete(index, layer));
  expect(index.manifests.get([app, digest])).toMatchObject({ pulled: 5 });
  expect(index.manifests.get([app, digest])).not.toHaveProperty('complete');
  expect(index.manifests.get([app, unrelated.manifest.digest])?.complete).toBe(7);
});

test.each([
  [6, 6],
  [5, 5],
  [4, 5],
])('a pull at %s after one at 5 is recorded as %s', async (at, pulled) => {
  await add(app, 5);
  await index.write(() => recordPull(index, app, digest, at));
  expect(index.manifests.get([app, digest])?.pulled).toBe(pulled);
  expect([...index.pulls.getKeys({})]).toEqual([[pulled, app, digest]]);
});

test('a pull of an unknown manifest is not recorded', async () => {
  await index.write(() => recordPull(index, app, digest, 9));
  expect(keysOf('pulls')).toBe(0);
});

test('whether there are rows', () => {
  expect(isEmpty([])).toBe(true);
  expect(isEmpty([undefined])).toBe(false);
});
