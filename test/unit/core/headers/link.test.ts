import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextLink } from '../../../../functions/core/headers/link.ts';

describe('Link', () => {
  const cases: readonly [string | null, string | undefined][] = [
    [null, undefined],
    ['', undefined],
    ['</v2/a/tags/list?n=1&last=b>; rel="next"', '/v2/a/tags/list?n=1&last=b'],
    ['<https://r.test/v2/a>;rel=next', 'https://r.test/v2/a'],
    ['</a>; REL="Next"', '/a'],
    ['</a>; rel="prev", </b>; rel="next"', '/b'],
    ['</a>; rel="next", </b>; rel="last"', '/a'],
    ['</a>; rel="last next"', '/a'],
    ['</a>; title="x"; rel="next"', '/a'],
    ['</a>; rel="nextish"', undefined],
    ['</a>; rel=nextish', undefined],
    ['</a>', undefined],
    ['/a; rel="next"', undefined],
    ['<>; rel="next"', ''],
  ];
  it.each(cases)('%s leads to %s', (header, target) => expect(nextLink(header)).toBe(target));

  it('finds the target among other links', () => {
    const target = fc.webUrl({ withQueryParameters: true });
    fc.assert(
      fc.property(target, target, (next, other) => {
        expect(nextLink(`<${other}>; rel="first", <${next}>; rel="next"`)).toBe(next);
      }),
    );
  });

  it('parses any text without throwing', () => {
    fc.assert(fc.property(fc.string(), (text) => void nextLink(text)));
  });
});
