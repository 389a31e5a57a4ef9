import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { MirrorEvent } from '../../../../../functions/core/ports/event.ts';
import { UpstreamError } from '../../../../../functions/core/ports/upstream-error.ts';
import { Alternates } from '../../../../../functions/core/sources/alternates/alternates.ts';

const repository = { registry: 'docker.io', name: 'library/app' };

/** One alternate, and what it answers. */
interface Place {
  answer: () => Promise<{ kind: string }>;
  recentFailure?: UpstreamError;
  pullLimit?: UpstreamError;
}

let now: number;
let events: MirrorEvent[];
let asked: string[];
let places: Record<string, Place | undefined>;
let isPublic: boolean | undefined;

const found = async () => ({ kind: 'found' });
const fails = (error: Error) => () => Promise.reject(error);

beforeEach(() => {
  now = 1_000_000;
  events = [];
  asked = [];
  isPublic = undefined;
  places = { 'one.test': { answer: found }, 'two.test': { answer: found } };
});
afterEach(() => {
  vi.useRealTimers();
});

function opened(entries = ['one.test', 'two.test/prefix']) {
  return new Alternates({
    registry: 'docker.io',
    entries,
    forUnseenTags: true,
    isPublic: isPublic === undefined ? undefined : () => isPublic === true,
    runtime: { now: () => now, observe: (event) => events.push(event) },
    open: ({ registry, name }, { signal }) => {
      const place = places[registry];
      if (place === undefined) return undefined;
      const ask = () => {
        asked.push(`${registry}/${name}`);
        return place.answer();
      };
      return { ...place, upstreamCalls: 1, ask, signal } as never;
    },
  });
}

let calls = 0;
function question(more: object = {}) {
  calls = 0;
  return {
    repository,
    subject: 'sha256:1',
    isPull: true,
    isBackground: false,
    signal: new AbortController().signal,
    ask: (source: unknown) => (source as { ask: Place['answer'] }).ask(),
    sent: (count: number) => {
      calls += count;
    },
    ...more,
  };
}

const first = 'one.test/library/app';
const second = 'two.test/prefix/library/app';

test('they are asked one after another until one has it', async () => {
  const alternates = opened();
  places['one.test'] = { answer: async () => ({ kind: 'absent' }) };
  const { alternate, result } = await alternates.ask(question());
  expect([alternate.entry, result.kind, calls]).toEqual(['two.test/prefix', 'found', 2]);
  expect(asked).toEqual([first, second]);
});

test.each(['absent', 'denied'])('%s at an alternate is remembered for a minute', async (kind) => {
  const alternates = opened(['one.test']);
  places['one.test'] = { answer: async () => ({ kind }) };
  const lacks = 'docker.io: no alternate has it';
  await expect(alternates.ask(question())).rejects.toThrow(lacks);
  expect(alternates.isTrusted(repository)).toBe(false);
  places['one.test'] = { answer: found };
  now += 59_999;
  await expect(alternates.ask(question())).rejects.toThrow(lacks);
  expect(asked).toHaveLength(1);
  await alternates.ask(question({ subject: 'sha256:2' }));
  now += 1;
  await alternates.ask(question());
  expect(asked).toHaveLength(3);
});

test('one that fails is asked last, until it answers again', async () => {
  const alternates = opened();
  places['one.test'] = { answer: fails(new UpstreamError('unavailable', 'down')) };
  await alternates.ask(question());
  await alternates.ask(question());
  expect(asked).toEqual([first, second, second]);
});

test('what one sends wrong is not asked of it for ten minutes', async () => {
  const alternates = opened(['one.test']);
  places['one.test'] = { answer: fails(new UpstreamError('invalid', 'other bytes')) };
  await expect(alternates.ask(question())).rejects.toThrow('other bytes');
  now += 599_999;
  await expect(alternates.ask(question())).rejects.toThrow('no alternate has it');
  now += 1;
  await expect(alternates.ask(question())).rejects.toThrow('other bytes');
});

test.each([new UpstreamError('timeout', 'slow'), new TypeError('a bug')])(
  'one that fails with %s is asked again, and says why',
  async (error) => {
    const alternates = opened(['one.test']);
    places['one.test'] = { answer: fails(error) };
    for (let round = 0; round < 2; round++) {
      await expect(alternates.ask(question())).rejects.toBe(error);
    }
    expect(asked).toHaveLength(2);
  },
);

test('one that is slower is asked later', async () => {
  const alternates = opened();
  const takes = (ms: number) => async () => {
    now += ms;
    return { kind: 'found' };
  };
  places['one.test'] = { answer: takes(2_000) };
  await alternates.ask(question());
  await alternates.ask(question());
  expect(asked).toEqual([first, second]);
});

test('one that failed or is limited is not asked', async () => {
  const limit = new UpstreamError('limited', 'no pull is left');
  const alternates = opened(['one.test']);
  places['one.test'] = { answer: found, recentFailure: limit };
  await expect(alternates.ask(question({ isPull: false }))).rejects.toThrow('no alternate has it');
  expect(alternates.hasPullsFor(repository)).toBe(false);
  places['one.test'] = { answer: found, pullLimit: limit };
  await expect(alternates.ask(question())).rejects.toThrow('no alternate has it');
  expect(alternates.hasPullsFor(repository)).toBe(false);
  expect(asked).toEqual([]);
  await alternates.ask(question({ isPull: false }));
  expect(asked).toEqual([first]);
});

test('one without a client or without such a repository has no pulls', () => {
  expect(opened().hasPullsFor(repository)).toBe(true);
  places = {};
  expect(opened().hasPullsFor(repository)).toBe(false);
  places = { 'public.ecr.aws': { answer: found } };
  const ecr = opened(['public.ecr.aws/docker']);
  expect(ecr.hasPullsFor(repository)).toBe(true);
  expect(ecr.hasPullsFor({ ...repository, name: 'user/app' })).toBe(false);
});

test('one that does not answer in 4 s is cancelled, and the next is asked', async () => {
  vi.useFakeTimers();
  const alternates = opened();
  const signals: AbortSignal[] = [];
  places['one.test'] = { answer: () => new Promise(() => undefined) };
  const ask = (source: unknown) => {
    const { signal, ask: send } = source as { signal: AbortSignal; ask: Place['answer'] };
    signals.push(signal);
    return send();
  };
  const answer = alternates.ask(question({ ask }));
  await vi.advanceTimersByTimeAsync(3_999);
  expect(asked).toEqual([first]);
  await vi.advanceTimersByTimeAsync(1);
  expect((await answer).alternate.registry).toBe('two.test');
  expect([signals.map(({ aborted }) => aborted), calls]).toEqual([[true, false], 2]);
});

test('the last one has more time', async () => {
  vi.useFakeTimers();
  const alternates = opened(['one.test']);
  places['one.test'] = {
    answer: () => new Promise((resolve) => setTimeout(resolve, 9_000, { kind: 'found' })),
  };
  const answer = alternates.ask(question());
  await vi.advanceTimersByTimeAsync(9_000);
  expect((await answer).result.kind).toBe('found');
});

test('a question that is cancelled is put to no other one', async () => {
  const alternates = opened();
  const abort = new AbortController();
  places['one.test'] = {
    answer: () => {
      abort.abort(new Error('not needed'));
      return Promise.reject(new UpstreamError('invalid', 'cut off'));
    },
  };
  const { signal } = abort;
  await expect(alternates.ask(question({ signal }))).rejects.toThrow('cut off');
  await expect(alternates.ask(question({ signal }))).rejects.toThrow('not needed');
  // It says nothing about the alternate.
  await alternates.ask(question()).catch(() => undefined);
  expect(asked.slice(0, 2)).toEqual([first, first]);
});

test('an answer shows for 30 s that one has the repository', async () => {
  const alternates = opened();
  expect(alternates.isTrusted(repository)).toBe(false);
  await alternates.ask(question());
  now += 29_999;
  expect(alternates.isTrusted(repository)).toBe(true);
  expect(alternates.isTrusted({ ...repository, name: 'library/other' })).toBe(false);
  now += 1;
  expect(alternates.isTrusted(repository)).toBe(false);
});

test('a registry that lost is slow for 10 s', () => {
  const alternates = opened();
  expect(alternates.isRegistrySlow).toBe(false);
  alternates.registryLost();
  expect(alternates.isRegistrySlow).toBe(true);
  now += 9_999;
  expect(alternates.isRegistrySlow).toBe(true);
  now += 1;
  expect(alternates.isRegistrySlow).toBe(false);
  // The clock was set back.
  now -= 20_000;
  expect(alternates.isRegistrySlow).toBe(false);
});

test.each([
  [undefined, true],
  [true, true],
  [false, false],
])('whether they may be asked, if the repository is public: %s', (known, may) => {
  isPublic = known;
  expect(opened().mayAsk(repository)).toBe(may);
});

test('each answer of one is reported, and the first of the registry after it', () => {
  const alternates = opened();
  const one = { entry: 'one.test', registry: 'one.test', prefix: '' };
  alternates.used('blob', undefined);
  expect(events).toEqual([]);
  for (const used of [one, one, undefined, undefined]) alternates.used('blob', used);
  alternates.used('manifest', undefined);
  const event = { kind: 'alternate-used', registry: 'docker.io', purpose: 'blob' };
  expect(events).toEqual([
    { ...event, alternate: 'one.test', isChange: true },
    { ...event, alternate: 'one.test', isChange: false },
    { ...event, alternate: undefined, isChange: true },
  ]);
});

test('one that sent wrong bytes is asked last, and for that blob not at all', async () => {
  const alternates = opened();
  const { alternate } = await alternates.ask(question());
  alternates.wrongBytes(alternate, repository, 'sha256:1');
  await alternates.ask(question({ subject: 'sha256:2' }));
  places['two.test'] = undefined;
  await expect(alternates.ask(question())).rejects.toThrow('no alternate has it');
  now += 600_000;
  await alternates.ask(question());
  expect(asked).toEqual([first, second, first]);
});

test('one whose body breaks off is asked last', async () => {
  const alternates = opened();
  const { alternate } = await alternates.ask(question());
  alternates.arrived(alternate, { bytes: 10, milliseconds: 1, error: undefined });
  await alternates.ask(question());
  alternates.arrived(alternate, { bytes: 10, milliseconds: 1, error: new Error('reset') });
  await alternates.ask(question());
  expect(asked).toEqual([first, first, second]);
});

test('one whose large blobs are slow is asked later', async () => {
  const alternates = opened();
  const { alternate } = await alternates.ask(question());
  const slow = { milliseconds: 10_000, error: undefined };
  alternates.arrived(alternate, { ...slow, bytes: 999_999 });
  await alternates.ask(question());
  alternates.arrived(alternate, { ...slow, bytes: 1_000_000 });
  await alternates.ask(question());
  expect(asked).toEqual([first, first, second]);
});

test('a redirect belongs to its alternate for ten minutes', async () => {
  const alternates = opened();
  const request = { isBackground: false, signal: new AbortController().signal };
  const url = 'https://cdn.example/blob';
  const at = (where = url) => alternates.atLocation(where, repository, request);
  expect(at()).toBeUndefined();
  const { alternate } = await alternates.ask(question());
  alternates.located(url, alternate);
  expect(at()?.alternate).toBe(alternate);
  expect(at('https://other.example')).toBeUndefined();
  now += 600_000;
  expect(at()).toBeUndefined();
  alternates.located(url, alternate);
  places = {};
  expect(at()).toBeUndefined();
});
