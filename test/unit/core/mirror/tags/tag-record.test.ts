import { describe, expect, test } from 'vitest';
import {
  confirmationDelay,
  mayOutlive,
  recordOf,
  refusalOf,
  refusedRecord,
} from '../../../../../functions/core/mirror/tags/tag-record.ts';
import type { TagRecord } from '../../../../../functions/core/ports/manifest-store.ts';
import { madeDigest } from '../../../../contract/made-content.ts';

const [a, b, c] = ['a', 'b', 'c'].map((text) => madeDigest(text)) as [
  ReturnType<typeof madeDigest>,
  ReturnType<typeof madeDigest>,
  ReturnType<typeof madeDigest>,
];
const tag = (digest: typeof a) => ({ kind: 'found', digest, mediaType: 'x', size: 1 }) as const;
const known: TagRecord = {
  digest: a,
  mediaType: 'x',
  size: 1,
  firstSeen: 100,
  changed: 100,
  checked: 200,
  history: [],
};

describe('the record of a tag', () => {
  test('that is new', () => {
    expect(recordOf(tag(a), undefined, 100)).toEqual({ ...known, checked: 100 });
  });

  test('that names the same manifest is confirmed', () => {
    expect(recordOf(tag(a), known, 300)).toEqual({ ...known, checked: 300 });
    expect(recordOf(tag(a), known, 150).checked).toBe(150);
  });

  test('that names another has a history, the newest first, of twenty', () => {
    const moved = recordOf(tag(b), known, 300);
    expect(moved).toEqual({
      ...known,
      digest: b,
      changed: 300,
      checked: 300,
      history: [{ digest: a, until: 300 }],
    });
    expect(recordOf(tag(c), moved, 400).history).toEqual([
      { digest: b, until: 400 },
      { digest: a, until: 300 },
    ]);
    let record = known;
    for (let at = 0; at < 30; at++) record = recordOf(tag(at % 2 ? a : b), record, 300 + at);
    expect(record.history).toHaveLength(20);
    expect(record.history[0]?.until).toBe(329);
  });

  test('that was refused replaces it, even if the clock was set back', () => {
    const refused = refusedRecord(known, { since: 250, isConfirmed: false });
    expect(refused.checked).toBe(200);
    expect(recordOf(tag(a), refused, 300)).toEqual({ ...known, checked: 300 });
    expect(recordOf(tag(a), refused, 150).checked).toBe(201);
    const moved = recordOf(tag(b), refused, 300);
    expect(moved.history).toEqual([{ digest: a, until: 250 }]);
    expect(moved).not.toHaveProperty('refusal');
  });

  test('that was refused in the older form has its end already', () => {
    const older = { ...known, history: [{ digest: a, until: 200 }] };
    expect(refusalOf(older)).toEqual({ since: 200, isConfirmed: true });
    expect(recordOf(tag(b), older, 300).history).toEqual([{ digest: a, until: 200 }]);
    expect(refusalOf({ ...known, history: [{ digest: b, until: 200 }] })).toBeUndefined();
    expect(refusalOf({ ...known, history: [{ digest: a, until: 199 }] })).toBeUndefined();
    expect(refusalOf(known)).toBeUndefined();
  });
});

describe('a tag may be served without its upstream', () => {
  const policy = { maxStale: 1000, onDeleted: { keepFor: 5000, minimumAge: 50 } };
  const since = 10_000;

  test('while it is younger than maxStale', () => {
    expect(mayOutlive(known, policy, 1200)).toBe(true);
    expect(mayOutlive(known, policy, 1201)).toBe(false);
  });

  test('for the longer of maxStale and keepFor while a refusal is not confirmed', () => {
    const refused = refusedRecord({ ...known, checked: since }, { since, isConfirmed: false });
    const long = { maxStale: 2e6, onDeleted: { keepFor: 1e6, minimumAge: 50 } };
    expect(mayOutlive(refused, long, since + 2e6)).toBe(true);
    expect(mayOutlive(refused, long, since + 2e6 + 1)).toBe(false);
    const longer = { maxStale: 1e6, onDeleted: { keepFor: 2e6, minimumAge: 50 } };
    expect(mayOutlive(refused, longer, since + 2e6)).toBe(true);
    // The refusal may be a mistake at first, whatever the policy.
    const none = { maxStale: 0, onDeleted: 'refuse' } as const;
    expect(mayOutlive(refused, none, since + confirmationDelay)).toBe(true);
    expect(mayOutlive(refused, none, since + confirmationDelay + 1)).toBe(false);
  });

  test('for keepFor after a confirmed refusal, if it is old enough', () => {
    const gone = (seen: number, history: TagRecord['history'] = [], firstSeen = seen) =>
      refusedRecord({ ...known, changed: seen, firstSeen, history }, { since, isConfirmed: true });
    const old = gone(since - 50);
    expect(mayOutlive(old, policy, since + 5000)).toBe(true);
    expect(mayOutlive(old, policy, since + 5001)).toBe(false);
    expect(mayOutlive(old, { ...policy, onDeleted: 'refuse' }, since)).toBe(false);
    expect(mayOutlive(gone(since - 49), policy, since)).toBe(false);
    // It named this manifest before.
    const back = [
      { digest: b, until: since - 10 },
      { digest: a, until: since - 20 },
    ];
    expect(mayOutlive(gone(since - 10, back, since - 50), policy, since)).toBe(true);
    expect(mayOutlive(gone(since - 10, back, since - 49), policy, since)).toBe(false);
    const withFormer = (until: number) => [...back, { digest: c, until }];
    expect(mayOutlive(gone(since - 10, withFormer(since - 50), 1), policy, since)).toBe(true);
    expect(mayOutlive(gone(since - 10, withFormer(since - 49), 1), policy, since)).toBe(false);
  });

  test('a full history may begin later than the tag', () => {
    const others = Array.from({ length: 19 }, () => ({ digest: b, until: since }));
    const history = [...others, { digest: a, until: since - 49 }];
    const gone = refusedRecord({ ...known, history }, { since, isConfirmed: true });
    expect(mayOutlive(gone, policy, since)).toBe(false);
    const shorter = { ...gone, history: history.slice(1) };
    expect(mayOutlive(shorter, policy, since)).toBe(true);
  });
});
