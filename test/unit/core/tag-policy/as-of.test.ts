import { describe, expect, it } from 'vitest';
import { digestAt, parseDate, parseDatedTag } from '../../../../functions/core/tag-policy/as-of.ts';
import { madeDigest, run } from './made-history.ts';

describe('a tag with a date', () => {
  it('means the last ms of the day or the minute, in UTC', () => {
    expect(parseDate('20261101')).toBe(Date.parse('2026-11-01T23:59:59.999Z'));
    expect(parseDate('20261101T0930')).toBe(Date.parse('2026-11-01T09:30:59.999Z'));
  });

  it.each(['20260231', '20261301', '20260400', '20261101T2400', '20261101T0960', '2026110'])(
    'is no date: %s',
    (text) => expect(parseDate(text)).toBeUndefined(),
  );

  it('is told from a tag of a similar form', () => {
    expect(parseDatedTag('1.25--as-of-20261101')).toEqual({
      tag: '1.25',
      moment: parseDate('20261101'),
    });
    expect(parseDatedTag('1.25-as-of-20261101')).toBeUndefined();
    expect(parseDatedTag('--as-of-20261101')).toBeUndefined();
    expect(parseDatedTag('1--as-of-20260231')).toEqual({ tag: '1', moment: undefined });
  });
});

describe('what a tag named at a moment', () => {
  const [a, b] = [madeDigest('a'), madeDigest('b')];
  const runs = [run(b, 200, 300), run(a, 100, 150)];

  it('is the digest that was seen last until then', () => {
    expect(digestAt(runs, 99)).toEqual({ digest: undefined, earliest: 100 });
    expect(digestAt(runs, 100).digest).toBe(a);
    expect(digestAt(runs, 199).digest).toBe(a);
    expect(digestAt(runs, 200).digest).toBe(b);
    expect(digestAt(runs, 1000).digest).toBe(b);
  });

  it('is unknown without a history', () => {
    expect(digestAt([], 100)).toEqual({ digest: undefined, earliest: undefined });
  });
});
