import { expect, test } from 'vitest';
import { imageOf, madeDigest } from '../../../contract/made-content.ts';
import { sharedWorkerd } from '../../../standins/workerd/shared-workerd.ts';

const { miniflare, manifests } = sharedWorkerd();

const repository = { registry: 'docker.io', name: 'library/app' };
const day = 86_400_000;

function record(digest: ReturnType<typeof madeDigest>, checked: number) {
  const times = { firstSeen: checked, changed: checked, checked };
  return { digest, mediaType: 'm', size: 1, ...times, history: [] };
}

async function count(table: string): Promise<number> {
  const database = await miniflare().getD1Database('DB');
  return (await database.prepare(`SELECT count(*) AS n FROM ${table}`).first<number>('n')) ?? 0;
}

test('old tags without a manifest are removed while others are written', async () => {
  const store = manifests();
  const { manifest, contents } = imageOf('image', ['layer']);
  await store.putManifest(repository, manifest, contents, 1);
  const old = Date.now() - 8 * day;
  for (let at = 0; at < 40; at++) {
    await store.putTag(repository, `junk-${at}`, record(madeDigest('unknown'), old + at));
    await store.putTag(repository, `needed-${at}`, record(manifest.digest, old + at));
  }
  for (let at = 0; at < 70; at++) {
    await store.putTag(repository, `new-${at}`, record(madeDigest('unknown'), Date.now()));
  }
  const { entries } = await store.listTags(repository, { limit: undefined, last: undefined });
  expect(entries.filter((tag) => tag.startsWith('junk'))).toEqual([]);
  expect(entries).toHaveLength(110);
});

test('old lists are removed while others are written, with what is in the bucket', async () => {
  const store = manifests();
  const large = Array.from({ length: 60_000 }, (_, at) => `tag-${at}`);
  await store.putTagList(repository, { tags: large, checked: 1 });
  const referrer = { mediaType: 'm', digest: madeDigest('r'), size: 3 };
  for (const text of ['a', 'b']) {
    const list = { manifests: [referrer], checked: 1 };
    await store.putReferrers(repository, madeDigest(text), list);
  }
  const bucket = await miniflare().getR2Bucket('BUCKET');
  expect((await bucket.list({ prefix: 'index/' })).objects).toHaveLength(1);
  const database = await miniflare().getD1Database('DB');
  for (const table of ['tag_lists', 'referrers']) {
    const set = database.prepare(`UPDATE ${table} SET written = ?`);
    await set.bind(Date.now() - 31 * day).run();
  }
  const other = { registry: 'docker.io', name: 'library/other' };
  await store.putTagList(other, { tags: ['1'], checked: 1 });
  await store.putReferrers(other, madeDigest('c'), { manifests: [referrer], checked: 1 });
  expect([await count('tag_lists'), await count('referrers')]).toEqual([1, 1]);
  expect((await bucket.list({ prefix: 'index/' })).objects).toEqual([]);
});
