import { beforeEach, expect, test } from 'vitest';
import type { Digest } from '../../../functions/core/oci/digest.ts';
import { MemoryManifestStore } from '../../../functions/memory/manifest-store.ts';
import { imageOf, madeDigest } from '../../contract/made-content.ts';

const repository = { registry: 'docker.io', name: 'library/app' };
const subject = madeDigest('subject');

let now: number;
let store: MemoryManifestStore;

beforeEach(() => {
  now = 0;
  store = new MemoryManifestStore({ now: () => now, indexBytes: 100_000 });
});

async function putImages(count: number): Promise<Digest[]> {
  const digests: Digest[] = [];
  for (let at = 0; at < count; at++) {
    const { manifest, contents } = imageOf(`image ${at}`, [`layer ${at}`]);
    await store.putManifest(repository, manifest, contents, at);
    digests.push(manifest.digest);
  }
  return digests;
}

test('of more manifests than fit those pulled longest ago are forgotten, with their entries', async () => {
  const digests = await putImages(200);
  const kept = await store.leastRecentlyPulled(1000);
  expect(kept.length).toBeGreaterThan(10);
  expect(kept.length).toBeLessThan(40);
  expect(kept.map(({ digest }) => digest)).toEqual(digests.slice(-kept.length));
  expect(await store.getBlobEntry(repository, madeDigest('layer 0'))).toBeUndefined();
  expect(await store.isBlobNamed(madeDigest('layer 0'))).toBe(false);
  expect(await store.isBlobNamed(madeDigest('layer 199'))).toBe(true);
});

test('a tenth of the room is freed at once, because finding what to forget takes a sort', async () => {
  const counts: number[] = [];
  for (let at = 0; at < 200; at++) {
    const { manifest, contents } = imageOf(`one by one ${at}`, [`layer ${at}`]);
    await store.putManifest(repository, manifest, contents, at);
    counts.push((await store.leastRecentlyPulled(1000)).length);
  }
  const most = Math.max(...counts);
  const least = Math.min(...counts.slice(counts.indexOf(most)));
  expect(least / most).toBeGreaterThan(0.8);
  expect(least / most).toBeLessThan(0.95);
});

test('a manifest that is marked as pulled is kept', async () => {
  const [first] = await putImages(5);
  if (first === undefined) throw new Error('five images were put');
  await store.markPulled(repository, first, 1_000_000);
  await putImages(200);
  expect(await store.getManifest(repository, first)).toBeDefined();
});

test('of more tags and lists than fit those used longest ago are forgotten', async () => {
  const record = { digest: subject, mediaType: '', size: 1, history: [] };
  const seen = { firstSeen: 1, changed: 1, checked: 1 };
  const referrer = { mediaType: '', digest: subject, size: 1 };
  for (let at = 0; at < 500; at++) {
    await store.putTag(repository, `${at}`, { ...record, ...seen });
    await store.getTag(repository, '0');
    await store.putTagList({ ...repository, name: `x/${at}` }, { tags: ['1'], checked: 1 });
    await store.putReferrers(repository, madeDigest(`${at}`), {
      manifests: [referrer],
      checked: 1,
    });
  }
  const tags = (await store.listTags(repository, { limit: undefined, last: undefined })).entries;
  expect(tags).toEqual(expect.arrayContaining(['0', '499']));
  expect(tags).not.toContain('1');
  expect(await store.getTagList({ ...repository, name: 'x/0' })).toBeUndefined();
  expect(await store.getTagList({ ...repository, name: 'x/499' })).toBeDefined();
  expect(await store.getReferrers(repository, madeDigest('0'))).toBeUndefined();
  expect(await store.getReferrers(repository, madeDigest('499'))).toBeDefined();
});

test('a list that is larger than the room of all is not kept', async () => {
  const tags = Array.from({ length: 10_000 }, (_, at) => `tag-${at}`);
  await store.putTagList(repository, { tags: ['1'], checked: 1 });
  await store.putTagList(repository, { tags, checked: 2 });
  expect(await store.getTagList(repository)).toBeUndefined();
});

test('a place at an upstream is remembered until it expires', async () => {
  const location = { url: 'https://cdn.example/blob', expires: 1000 };
  await store.putUpstreamLocation(repository, subject, location);
  expect(await store.getUpstreamLocation(repository, subject)).toEqual(location);
  now = 1000;
  expect(await store.getUpstreamLocation(repository, subject)).toBeUndefined();
});

test('the least recently pulled are the first by their marks, however many are wanted', async () => {
  store = new MemoryManifestStore({ now: () => now, indexBytes: 10_000_000 });
  const digests = await putImages(100);
  // Marks in another order than that of the puts, and some that are equal.
  const marks = digests.map((digest, at) => ({ digest, pulled: 100 + ((at * 37) % 50) }));
  for (const { digest, pulled } of marks) await store.markPulled(repository, digest, pulled);
  const sorted = marks.toSorted(
    (one, other) => one.pulled - other.pulled || (one.digest < other.digest ? -1 : 1),
  );
  for (const limit of [0, 1, 7, 99, 100, 1000]) {
    const oldest = await store.leastRecentlyPulled(limit);
    expect(oldest.map(({ digest }) => digest)).toEqual(
      sorted.slice(0, limit).map(({ digest }) => digest),
    );
  }
});
