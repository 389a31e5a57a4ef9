import { beforeEach, expect, test, vi } from 'vitest';
import type { Context } from '../../../../../functions/core/mirror/context.ts';
import { collectTags } from '../../../../../functions/core/mirror/lists/collect-tags.ts';
import { createMemory } from '../../../../../functions/core/mirror/memory.ts';
import type { TagPage, TagPageStart } from '../../../../../functions/core/ports/upstream.ts';
import { UpstreamError } from '../../../../../functions/core/ports/upstream-error.ts';
import type { Source } from '../../../../../functions/core/sources/source.ts';

const key = 'docker.io/library/app';
const all = { limit: undefined, last: undefined };
const tagTtl = 60_000;

let now: number;
let asked: TagPageStart[];
let stored: object[];
let memory: ReturnType<typeof createMemory>;
/** What the registry answers to each request. */
let answer: (start: TagPageStart) => TagPage | Promise<TagPage>;

beforeEach(() => {
  now = 1_000_000;
  [asked, stored] = [[], []];
  memory = createMemory(1_000_000, () => now);
});

const page = (tags: readonly string[], next?: string): TagPage => ({ kind: 'found', tags, next });

/** Pages that follow one another, each from the name of the one before. */
const pages =
  (...lists: (readonly string[])[]) =>
  (start: TagPageStart) => {
    const at = 'next' in start ? Number(start.next) : 0;
    return page(lists[at] ?? [], at + 1 < lists.length ? String(at + 1) : undefined);
  };

function collect(request: Parameters<typeof collectTags>[2] = all, known?: object) {
  const run = (_: string, work: () => Promise<unknown>) => work();
  const context = {
    runtime: { now: () => now },
    memory,
    flights: { tagLists: { run } },
    manifests: { putTagList: async (_: object, list: object) => void stored.push(list) },
  };
  const source = {
    key,
    policy: { tagTtl },
    repository: {},
    listTags: async (start: TagPageStart) => {
      asked.push(start);
      return answer(start);
    },
  };
  return collectTags(
    context as unknown as Context,
    source as unknown as Source,
    request,
    known as never,
  );
}

test('a whole list is kept, in memory and in the index', async () => {
  answer = pages(['a', 'b'], ['c']);
  const tags = ['a', 'b', 'c'];
  expect(await collect()).toEqual({ after: undefined, tags, next: undefined, checked: now });
  expect(asked).toEqual([{}, { next: '1' }]);
  expect(stored).toEqual([{ tags, checked: now }]);
  expect(memory.tagLists.get(key)).toEqual({ tags, checked: now });
});

test('a page needs no more than its own tags, which are kept until they are old', async () => {
  answer = pages(['a', 'b'], ['c', 'd'], ['e']);
  const segment = await collect({ limit: 3, last: undefined });
  expect(segment).toMatchObject({ tags: ['a', 'b', 'c', 'd'], next: '2' });
  expect([asked.length, stored]).toEqual([2, []]);
  now += tagTtl - 1;
  expect(memory.tagSegments.get(key)).toEqual(segment);
  now += 1;
  expect(memory.tagSegments.get(key)).toBeUndefined();
});

test('a page after a tag begins there', async () => {
  answer = pages(['c', 'd']);
  const segment = await collect({ limit: 3, last: 'b' });
  expect([asked, segment]).toMatchObject([[{ last: 'b' }], { after: 'b', tags: ['c', 'd'] }]);
});

test('what is known is gone on with if it reaches the page', async () => {
  answer = pages([], ['c'], ['d']);
  const known = { tags: ['a', 'b'], next: '1', checked: now - 5 };
  const segment = await collect({ limit: 2, last: 'b' }, known);
  expect(asked).toEqual([{ next: '1' }, { next: '2' }]);
  expect(segment).toMatchObject({ tags: ['a', 'b', 'c', 'd'], checked: now - 5 });
});

test.each([
  ['it ends before', { tags: ['a'], next: '1', checked: 0 }],
  ['it is complete', { tags: ['a', 'b'], checked: 0 }],
])('what is known is not used: %s', async (_, known) => {
  answer = pages(['c'], ['d']);
  await collect({ limit: 1, last: 'b' }, known);
  expect(asked).toEqual([{ last: 'b' }]);
});

test('a list that is not in order is read to its end and sorted', async () => {
  answer = pages(['b', 'a'], ['c']);
  expect(await collect({ limit: 1, last: undefined })).toEqual({
    tags: ['a', 'b', 'c'],
    checked: now,
  });
  expect(asked).toEqual([{}, {}, { next: '1' }]);
  expect(stored).toHaveLength(1);
});

test('a registry that does not know the last tag is read from the beginning', async () => {
  answer = (start) => ('last' in start ? page([]) : page(['a', 'c']));
  expect(await collect({ limit: 1, last: 'b' })).toMatchObject({ tags: ['a', 'c'] });
  expect(asked).toEqual([{ last: 'b' }, {}]);
});

test('an empty list is a list', async () => {
  answer = () => page([]);
  expect(await collect()).toMatchObject({ tags: [] });
  expect(asked).toEqual([{}]);
});

test('an empty list is written only if it is news', async () => {
  answer = () => page([]);
  await collect();
  await collect();
  expect(stored).toHaveLength(1);
  answer = () => page(['a']);
  await collect();
  await collect();
  answer = () => page([]);
  await collect();
  expect(stored).toHaveLength(4);
});

test.each(['absent', 'denied'] as const)('a list that is %s is the answer', async (kind) => {
  answer = () => ({ kind });
  expect(await collect()).toEqual({ kind });
  answer = (start) => ('next' in start ? { kind } : page(['b', 'a'], '1'));
  expect(await collect()).toEqual({ kind });
  expect(stored).toEqual([]);
});

const refused = (kind: 'unavailable' | 'limited', status?: number) =>
  new UpstreamError(kind, 'refused', { status });

test.each([
  [400, true],
  [499, true],
  [399, false],
  [500, false],
  [undefined, false],
])('a start that is refused with %s: read from the beginning: %s', async (status, isRead) => {
  answer = (start) => {
    if ('last' in start) throw refused('unavailable', status);
    return page(['a', 'c']);
  };
  const collected = collect({ limit: 1, last: 'b' });
  if (isRead) expect(await collected).toMatchObject({ tags: ['a', 'c'] });
  else await expect(collected).rejects.toThrow('refused');
});

test.each([refused('limited', 429), new TypeError('a bug')])('%s is passed on', async (error) => {
  answer = () => Promise.reject(error);
  await expect(collect({ limit: 1, last: 'b' })).rejects.toBe(error);
  expect(asked).toHaveLength(1);
});

test('a refusal of the whole list is passed on', async () => {
  answer = () => Promise.reject(refused('unavailable', 400));
  await expect(collect()).rejects.toThrow('refused');
  expect(asked).toEqual([{}]);
});

test('a client without a limit gets what 5 s bring', async () => {
  answer = (start) => {
    now += 2_500;
    return pages(['a'], ['b'], ['c'])(start);
  };
  expect(await collect()).toMatchObject({ tags: ['a', 'b'], next: '2' });
  answer = (start) => {
    now += 2_499;
    return pages(['a'], ['b'], ['c'])(start);
  };
  expect(await collect()).toMatchObject({ tags: ['a', 'b', 'c'] });
});

test('a client with a limit waits for its page', async () => {
  answer = (start) => {
    now += 6_000;
    return pages(['a'], ['b'])(start);
  };
  expect(await collect({ limit: 2, last: undefined })).toMatchObject({ tags: ['a', 'b'] });
});

test('a list that takes more than 20 s to sort is a timeout', async () => {
  vi.useFakeTimers();
  try {
    answer = (start) => ('next' in start ? new Promise(() => undefined) : page(['b', 'a'], '1'));
    const collected = collect();
    const failed = expect(collected).rejects.toThrow(
      `${key}: the list of tags takes more than 20 s`,
    );
    await vi.advanceTimersByTimeAsync(20_000);
    await failed;
  } finally {
    vi.useRealTimers();
  }
});
