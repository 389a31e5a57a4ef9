import { beforeEach, expect, test } from 'vitest';
import type { Context } from '../../../../../functions/core/mirror/context.ts';
import { manifestKey } from '../../../../../functions/core/mirror/manifests/manifest-cache.ts';
import {
  isNamedDigest,
  noteChildren,
  noteUnseen,
} from '../../../../../functions/core/mirror/manifests/named-digest.ts';
import { type CachedManifest, createMemory } from '../../../../../functions/core/mirror/memory.ts';
import type { Digest } from '../../../../../functions/core/oci/digest.ts';
import type { Source } from '../../../../../functions/core/sources/source.ts';
import { madeDigest } from '../../../../contract/made-content.ts';

const repository = { registry: 'docker.io', name: 'library/app' };
const policy = { maxStale: 1000 };
const key = 'docker.io/library/app';
const source = { key, repository, policy, alternates: {} } as unknown as Source;
const digest = madeDigest('image');
const parent = madeDigest('index');

let now: number;
let tags: Map<string, { digest: Digest; checked: number }>;
let asked: string[];
let context: Context;

beforeEach(() => {
  now = 1_000_000;
  tags = new Map();
  asked = [];
  const manifests = {
    listTags: async (_: unknown, { limit, last }: { limit: number; last: undefined }) => {
      asked.push(`list ${limit} ${last}`);
      return { entries: [...tags.keys()].slice(0, limit), next: undefined };
    },
    getTag: async (_: unknown, tag: string, consistency: string) => {
      asked.push(`${tag} ${consistency}`);
      return tags.get(tag);
    },
  };
  const attempt = { manifests: { getManifest: async () => undefined } };
  const memory = createMemory(100_000, () => now);
  context = { memory, manifests, attempt, runtime: { now: () => now } } as unknown as Context;
});

const keyOf = (one: Digest) => manifestKey(repository, one);
const isNamed = (one = digest) => isNamedDigest(context, source, one);

function cached(kind: 'image' | 'index', choices: readonly Digest[] = [digest]): CachedManifest {
  const manifest = { digest: parent, mediaType: '', bytes: new Uint8Array() };
  const summary = { kind, blobs: [], needed: [], hasMore: false, choices };
  return { manifest, summary };
}

test.each([
  [1000, true],
  [1001, false],
])('a tag that was confirmed %i ms ago names its digest within maxStale', async (age, named) => {
  tags.set('1', { digest, checked: now - age });
  context.memory.taggedDigests.set(keyOf(digest), '1');
  expect(await isNamed()).toBe(named);
  expect(asked[0]).toBe('1 eventual');
});

test('a tag in memory is not read again', async () => {
  context.memory.taggedDigests.set(keyOf(digest), '1');
  context.memory.tags.set(`${key}:1`, { digest, checked: now } as never);
  expect(await isNamed()).toBe(true);
  expect(asked).toEqual([]);
});

test('a tag that moved on does not name its former digest', async () => {
  context.memory.taggedDigests.set(keyOf(digest), '1');
  tags.set('1', { digest: parent, checked: now });
  expect(await isNamed()).toBe(false);
});

test('what is in an index of a tag is named as well', async () => {
  noteChildren(context, source, cached('index'));
  context.memory.taggedDigests.set(keyOf(parent), '1');
  tags.set('1', { digest: parent, checked: now });
  expect(await isNamed()).toBe(true);
  now += 3_600_000;
  expect(context.memory.parents.get(keyOf(digest))).toBeUndefined();
});

test('the first hundred children of an index are noted, and those of no other manifest', () => {
  const children = Array.from({ length: 101 }, (_, at) => madeDigest(`child ${at}`));
  noteChildren(context, source, cached('image', children));
  const alone = { key, repository, policy, alternates: undefined } as unknown as Source;
  noteChildren(context, alone, cached('index', children));
  noteChildren(context, source, cached('index', []));
  const noted = () => children.filter((one) => context.memory.parents.get(keyOf(one))).length;
  expect(noted()).toBe(0);
  noteChildren(context, source, cached('index', children));
  expect(noted()).toBe(100);
});

test('the children of a known index are not noted again', () => {
  const [first, second] = [madeDigest('first'), madeDigest('second')];
  context.memory.parents.set(keyOf(first), parent);
  noteChildren(context, source, cached('index', [first, second]));
  expect(context.memory.parents.get(keyOf(second))).toBeUndefined();
});

test('a manifest that only an alternate named is named for an hour, with what is in it', async () => {
  noteUnseen(context, source, cached('index'));
  expect([await isNamed(parent), await isNamed()]).toEqual([true, true]);
  expect(asked).toEqual([]);
  now += 3_600_000;
  expect(await isNamed()).toBe(false);
  noteUnseen(context, source, cached('image'));
  expect([await isNamed(parent), await isNamed()]).toEqual([true, false]);
});

test('the first twenty tags of a repository are searched, but not again for five seconds', async () => {
  tags.set('old', { digest, checked: now - 2000 });
  expect(await isNamed()).toBe(false);
  expect(asked).toEqual(['list 20 undefined', 'old eventual']);
  tags.set('new', { digest, checked: now });
  now += 4999;
  expect(await isNamed()).toBe(false);
  expect(asked).toHaveLength(2);
  now += 1;
  tags.set('new', { digest, checked: now });
  expect(await isNamed()).toBe(true);
  expect(context.memory.taggedDigests.get(keyOf(digest))).toBe('new');
});

test('a search finds what is in an index of a tag, and notes it', async () => {
  tags.set('1', { digest: madeDigest('unknown'), checked: now });
  tags.set('2', { digest: parent, checked: now });
  context.memory.manifests.set(keyOf(parent), cached('index'));
  expect(await isNamed()).toBe(true);
  expect(context.memory.parents.get(keyOf(digest))).toBe(parent);
});
