import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { TagRecord } from '../../../../functions/core/ports/manifest-store.ts';
import { emptyTagState } from '../../../../functions/core/ports/tag-state-text.ts';
import {
  type IndexDatabase,
  openIndexDatabase,
  tableBytes,
} from '../../../../functions/local/lmdb/database.ts';
import { LmdbManifestStore } from '../../../../functions/local/lmdb/manifest-store.ts';
import { imageOf, madeDigest } from '../../../contract/made-content.ts';

const repository = { registry: 'docker.io', name: 'library/app' };
const all = { limit: undefined, last: undefined };
const day = 86_400_000;
const mostBytes = 400_000;
const image = imageOf('image', ['layer']);

let folder: string;
let index: IndexDatabase;
let now: number;
let store: LmdbManifestStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullfront-names-'));
  index = openIndexDatabase(folder);
  now = Date.UTC(2026, 0, 1);
  store = new LmdbManifestStore(index, { now: () => now, mostBytes });
});
afterEach(async () => {
  await store.stop();
  await index.close();
  await rm(folder, { recursive: true });
});

function record(digest = madeDigest('unknown')): TagRecord {
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  return { digest, mediaType, size: 1, firstSeen: now, changed: now, checked: now, history: [] };
}

const names = () =>
  [index.tags, index.tagLists, index.referrers, index.tagStates].reduce(
    (sum, table) => sum + tableBytes(table),
    0,
  );

/** Writes of names, and what they start. */
async function put(count: number, write: (at: number) => Promise<void>): Promise<void> {
  for (let at = 0; at < count; at += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, more) => write(at + more)));
    now += 1000;
  }
  await vi.waitFor(() => expect(names()).toBeLessThan(1.1 * mostBytes), 10_000);
  // Until nothing runs in the background any more.
  await new Promise((resolve) => setTimeout(resolve, 50));
}

test('tags that clients ask for by HEAD stay within the limit', async () => {
  await store.putManifest(repository, image.manifest, image.contents, now);
  await store.putTag(repository, 'needed', record(image.manifest.digest));
  for (let round = 0; round < 3; round++) {
    await put(2000, (at) => store.putTag(repository, `${round}-${at}`, record()));
  }
  expect(await store.getTag(repository, 'needed')).toBeDefined();
  expect(await store.getTag(repository, '2-1999')).toBeDefined();
  expect(await store.getTag(repository, '0-0')).toBeUndefined();
});

test('even if all of them name a manifest that is here', async () => {
  await store.putManifest(repository, image.manifest, image.contents, now);
  for (let round = 0; round < 3; round++) {
    await put(2000, (at) =>
      store.putTag(repository, `${round}-${at}`, record(image.manifest.digest)),
    );
  }
});

test('lists of tags stay within the limit', async () => {
  const tags = Array.from({ length: 1000 }, (_, at) => `tag-${at}`);
  await put(100, (at) =>
    store.putTagList({ registry: 'docker.io', name: `any/${at}` }, { tags, checked: now }),
  );
});

test('what is too old is removed, but not what a manifest needs', async () => {
  await store.putManifest(repository, image.manifest, image.contents, now);
  await store.putTag(repository, 'needed', record(image.manifest.digest));
  await store.putTag(repository, 'junk', record());
  await store.putTagList(repository, { tags: ['a'], checked: now });
  now += 8 * day;
  await put(1, () => store.putTag(repository, 'new', record()));
  expect((await store.listTags(repository, all)).entries).toEqual(['needed', 'new']);
  expect(await store.getTagList(repository)).toBeDefined();
  now += 23 * day;
  await put(1, () => store.putTag(repository, 'newer', record()));
  expect((await store.listTags(repository, all)).entries).toEqual(['needed', 'newer']);
  expect(await store.getTagList(repository)).toBeUndefined();
});

test('the size of the index is known', async () => {
  const before = await store.usedBytes();
  await store.putManifest(repository, image.manifest, image.contents, now);
  const tags = Array.from({ length: 20_000 }, (_, at) => `tag-${at}`);
  await store.putTagList(repository, { tags, checked: now });
  expect((await store.usedBytes()) - before).toBeGreaterThan(200_000);
});

test('states of tags stay within the limit, but those with a decision stay', async () => {
  const digest = madeDigest('run');
  const runs = [{ digest, first: now, last: now, seenBy: 'pull' as const }];
  const moved = { ...emptyTagState, runs };
  const frozen = { ...moved, frozen: { digest, by: 'ann', why: 'because', since: now } };
  await store.putTagState(repository, 'frozen', frozen, undefined);
  const write = (at: number) => store.putTagState(repository, `moved-${at}`, moved, undefined);
  await put(4000, async (at) => void (await write(at)));
  expect(await store.getTagState(repository, 'frozen')).toMatchObject({ revision: 1 });
  expect(await store.getTagState(repository, 'moved-3999')).toBeDefined();
  expect(await store.getTagState(repository, 'moved-0')).toBeUndefined();
});
