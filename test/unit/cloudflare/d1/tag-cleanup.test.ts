import { expect, test } from 'vitest';
import { imageOf, madeDigest } from '../../../contract/made-content.ts';
import { sharedWorkerd } from '../../../standins/workerd/shared-workerd.ts';

const { told, manifests } = sharedWorkerd();

const repository = { registry: 'docker.io', name: 'library/app' };
const day = 86_400_000;

function record(digest: ReturnType<typeof madeDigest>, checked: number) {
  const times = { firstSeen: checked, changed: checked, checked };
  return { digest, mediaType: 'm', size: 1, ...times, history: [] };
}

async function count(table: string): Promise<number> {
  const [rows = []] = await told().run([{ sql: `SELECT count(*) AS n FROM ${table}` }]);
  return Number(rows[0]?.n);
}

/** The lists that are too long for a row. */
async function large() {
  return (await told().objects()).filter(({ key }) => key.startsWith('index/'));
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
  const many = Array.from({ length: 60_000 }, (_, at) => `tag-${at}`);
  await store.putTagList(repository, { tags: many, checked: 1 });
  const referrer = { mediaType: 'm', digest: madeDigest('r'), size: 3 };
  for (const text of ['a', 'b']) {
    const list = { manifests: [referrer], checked: 1 };
    await store.putReferrers(repository, madeDigest(text), list);
  }
  expect(await large()).toHaveLength(1);
  for (const table of ['tag_lists', 'referrers']) {
    const values = [Date.now() - 31 * day];
    await told().run([{ sql: `UPDATE ${table} SET written = ?`, values }]);
  }
  const other = { registry: 'docker.io', name: 'library/other' };
  await store.putTagList(other, { tags: ['1'], checked: 1 });
  await store.putReferrers(other, madeDigest('c'), { manifests: [referrer], checked: 1 });
  expect([await count('tag_lists'), await count('referrers')]).toEqual([1, 1]);
  expect(await large()).toEqual([]);
});
