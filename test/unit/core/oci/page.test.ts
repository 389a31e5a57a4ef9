import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cursor,
  pageOf,
  pageOfRows,
  parsePage,
  rowsOfPage,
} from '../../../../functions/core/oci/page.ts';

const lists = fc.uniqueArray(fc.string(), { maxLength: 40 }).map((names) => names.sort());

describe('page', () => {
  it('after page gives every entry once, in order', () => {
    fc.assert(
      fc.property(lists, fc.integer({ min: 1, max: 7 }), (names, limit) => {
        const seen: string[] = [];
        let last: string | undefined;
        for (let pages = 0; pages <= names.length; pages++) {
          const page = pageOf(names, { limit, last });
          expect(page.entries.length).toBeLessThanOrEqual(limit);
          seen.push(...page.entries);
          last = page.next;
          if (last === undefined) break;
        }
        expect(last).toBeUndefined();
        expect(seen).toEqual(names);
      }),
    );
  });

  it('continues after `last`, even if it is not in the list', () => {
    fc.assert(
      fc.property(lists, fc.string(), (names, last) => {
        const { entries, next } = pageOf(names, { limit: undefined, last });
        expect(entries).toEqual(names.filter((name) => name > last));
        expect(next).toBeUndefined();
      }),
    );
  });

  it('without entries has no next', () => {
    expect(pageOf(['a', 'b'], { limit: 0, last: undefined })).toEqual({
      entries: [],
      next: undefined,
    });
  });

  it('that ends with the list has no next', () => {
    expect(pageOf(['a', 'b'], { limit: 2, last: undefined }).next).toBeUndefined();
  });

  it('compares by code unit, not as people do', () => {
    const names = ['10', '9', 'B', '_', 'a', 'ä'];
    expect(pageOf(names, { limit: 2, last: 'A' })).toEqual({ entries: ['B', '_'], next: '_' });
  });
});

describe('page of a store', () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[!-}]{1,12}$/)).map((all) => all.sort());
  const last = fc.oneof(
    fc.constant(undefined),
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.string({ unit: 'grapheme', minLength: 590, maxLength: 700, size: 'max' }),
  );
  const limit = fc.option(fc.integer({ min: 0, max: 12 }), { nil: undefined });

  it('equals a page of the whole list, after any text', () => {
    fc.assert(
      fc.property(names, fc.record({ last, limit }), (all, request) => {
        const after = request.last === undefined ? '' : cursor(request.last);
        const rows = all.filter((name) => name > after).slice(0, rowsOfPage(request));
        expect(pageOfRows(rows, request)).toEqual(pageOf(all, request));
      }),
    );
  });

  it('continues after a cursor that every store accepts', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), (text) => {
        expect(cursor(text)).toMatch(/^[ -\u007f]{0,600}$/);
      }),
    );
  });
});

describe('n and last', () => {
  const read = (query: string) => parsePage(new URLSearchParams(query));
  it('are read', () => {
    expect(read('')).toEqual({ limit: undefined, last: undefined });
    expect(read('n=0')).toEqual({ limit: 0, last: undefined });
    expect(read('n=10&last=a%2Fb')).toEqual({ limit: 10, last: 'a/b' });
    expect(read('last=a')).toEqual({ limit: undefined, last: 'a' });
  });
  it.each(['n=', 'n=-1', 'n=1.5', 'n=x', 'n=1e3', 'n=9999999999', 'n=%31%20'])(
    '%s is bad',
    (query) => {
      expect(read(query)).toBeUndefined();
    },
  );
});
