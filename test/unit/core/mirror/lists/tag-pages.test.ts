import { describe, expect, test } from 'vitest';
import { append, tagPages } from '../../../../../functions/core/mirror/lists/tag-pages.ts';
import type { Source } from '../../../../../functions/core/sources/source.ts';

/** A source with pages of these tags, as many as are read. */
function endless(tags: readonly string[]) {
  const source = {
    key: 'docker.io/library/app',
    asked: 0,
    listTags: async () => {
      source.asked += 1;
      return { kind: 'found', tags, next: String(source.asked) };
    },
  };
  return source;
}

async function readAll(source: ReturnType<typeof endless>, reader: 'of-a-part' | 'of-all') {
  let tags = 0;
  for await (const page of tagPages(source as unknown as Source, {}, reader)) {
    if (page.kind === 'found') tags += page.tags.length;
  }
  return tags;
}

describe.each(['of-a-part', 'of-all'] as const)('a list without end, read %s', (reader) => {
  test.each([
    ['many tags', Array.from({ length: 50_001 }, (_, at) => String(at)), 4],
    ['long tags', Array.from({ length: 1000 }, () => 't'.repeat(1024)), 9],
    ['many pages', ['a'], 10_001],
    ['empty pages', [], 21],
  ])('is invalid after %s', async (_, tags, pages) => {
    const source = endless(tags);
    await expect(readAll(source, reader)).rejects.toThrow('a list without end');
    expect(source.asked).toBe(pages);
  });
});

test.each([
  { tags: [], after: undefined, page: ['a', 'b'], whole: ['a', 'b'] },
  { tags: ['a'], after: undefined, page: ['b'], whole: ['a', 'b'] },
  { tags: [], after: 'b', page: ['c'], whole: ['c'] },
  // A registry may repeat the last tag of a page.
  { tags: ['a', 'b'], after: undefined, page: ['b', 'c'], whole: ['a', 'b', 'c'] },
])('$page follows $tags after $after', ({ tags, after, page, whole }) => {
  const joined = [...tags];
  expect(append(joined, after, page)).toBe(true);
  expect(joined).toEqual(whole);
});

test.each([
  { tags: [], after: 'b', page: ['a'] },
  { tags: [], after: 'b', page: ['b'] },
  { tags: ['b'], after: undefined, page: ['a'] },
  { tags: ['a'], after: undefined, page: ['c', 'b'] },
])('$page does not follow $tags after $after', ({ tags, after, page }) => {
  expect(append([...tags], after, page)).toBe(false);
});
