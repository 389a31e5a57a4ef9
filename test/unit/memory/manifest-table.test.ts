import { expect, it } from 'vitest';
import { ManifestTable } from '../../../functions/memory/manifest-table.ts';
import { imageOf, madeDigest } from '../../contract/made-content.ts';

const [one, two] = ['docker.io/library/one', 'docker.io/library/two'];
const shared = imageOf('shared', ['layer']);
const layer = madeDigest('layer');

/** What a row of an image weighs, by the size of its manifest and its two blobs. */
const weight = 500 + shared.manifest.bytes.byteLength + 2 * 500;

function tableOf(capacity = 1_000_000) {
  const table = new ManifestTable(capacity);
  const add = (repository: string, image = shared, pulled = 1) =>
    table.add(repository, image.manifest, image.contents, pulled);
  return { table, add };
}

it('finds a manifest and what it names in its own repository only', () => {
  const { table, add } = tableOf();
  add(one);
  const { digest } = shared.manifest;
  expect(table.get(one, digest)).toMatchObject({ repository: one, pulled: 1, complete: undefined });
  expect(table.get(two, digest)).toBeUndefined();
  expect(table.entry(one, layer)).toMatchObject({ digest: layer, size: 5 });
  expect(table.entry(two, layer)).toBeUndefined();
  expect(table.entry(one, digest)).toBeUndefined();
  expect(table.isNamed(layer)).toBe(true);
  expect(table.isNamed(digest)).toBe(false);
});

it('adds a manifest once', () => {
  const { table, add } = tableOf();
  add(one, shared, 1);
  add(one, shared, 2);
  expect(table.get(one, shared.manifest.digest)?.pulled).toBe(1);
  expect([...table.holders(shared.manifest.digest)]).toHaveLength(1);
});

it('shares the bytes of a manifest between repositories, and keeps none of the caller', () => {
  const { table, add } = tableOf();
  add(one);
  add(two);
  const [first, second] = [...table.holders(shared.manifest.digest)];
  expect(first?.manifest.bytes).toBe(second?.manifest.bytes);
  expect(first?.manifest.bytes).not.toBe(shared.manifest.bytes);
  expect(first?.manifest.bytes).toEqual(shared.manifest.bytes);
});

it('keeps no annotations and URLs of a blob', () => {
  const { table } = tableOf();
  const [config] = shared.blobs;
  if (config === undefined) throw new Error('an image has a config');
  const long = { ...config, urls: ['https://example.com'], annotations: { a: 'b' } };
  table.add(one, shared.manifest, { ...shared.contents, blobs: [long] } as never, 1);
  expect(table.entry(one, config.digest)).toEqual(config);
});

it('forgets a repository with its last manifest, and a blob with the last that names it', () => {
  const { table, add } = tableOf();
  const other = imageOf('other', ['layer']);
  add(one);
  add(one, other);
  add(two);
  expect([...table.repositories()]).toEqual([one, two]);
  table.remove(one, shared.manifest.digest);
  expect(table.hasRepository(one)).toBe(true);
  expect(table.entry(one, layer)).toBeDefined();
  expect([...table.holders(shared.manifest.digest)].map(({ repository }) => repository)).toEqual([
    two,
  ]);
  table.remove(one, other.manifest.digest);
  table.remove(one, other.manifest.digest);
  expect(table.hasRepository(one)).toBe(false);
  expect(table.entry(one, layer)).toBeUndefined();
  expect(table.isNamed(layer)).toBe(true);
  table.remove(two, shared.manifest.digest);
  expect(table.isNamed(layer)).toBe(false);
  expect([...table.repositories()]).toEqual([]);
});

it('lists the least recently pulled first, at most as many as wanted', () => {
  const { table, add } = tableOf();
  for (const pulled of [5, 1, 4, 2, 3, 1])
    add(`docker.io/${pulled}-${Math.random()}`, shared, pulled);
  const timesOf = (limit: number) => table.oldest(limit).map(({ pulled }) => pulled);
  expect(timesOf(3)).toEqual([1, 1, 2]);
  expect(timesOf(10)).toEqual([1, 1, 2, 3, 4, 5]);
  expect(timesOf(0)).toEqual([]);
});

it('keeps those of one time in the order in which they were added', () => {
  const { table, add } = tableOf();
  add(one);
  add(two);
  expect(table.oldest(2).map(({ repository }) => repository)).toEqual([one, two]);
  expect(table.oldest(1).map(({ repository }) => repository)).toEqual([one]);
});

it('keeps what weighs as much as its capacity', () => {
  const { table, add } = tableOf(10 * weight);
  for (let at = 0; at < 10; at++) add(`docker.io/${at}`, shared, at);
  expect([...table.repositories()]).toHaveLength(10);
});

it('removes the least recently pulled down to nine tenths, but not the one that it adds', () => {
  const { table, add } = tableOf(10 * weight);
  for (let at = 1; at <= 10; at++) add(`docker.io/${at}`, shared, 20 - at);
  add('docker.io/new', shared, 0);
  expect([...table.repositories()]).toEqual([
    ...Array.from({ length: 8 }, (_, at) => `docker.io/${at + 1}`),
    'docker.io/new',
  ]);
});

it('makes room for as much as was removed by hand', () => {
  const { table, add } = tableOf(10 * weight);
  for (let at = 0; at < 10; at++) add(`docker.io/${at}`, shared, at);
  table.remove('docker.io/5', shared.manifest.digest);
  table.remove('docker.io/5', shared.manifest.digest);
  add('docker.io/new', shared, 99);
  expect([...table.repositories()]).toHaveLength(10);
});
