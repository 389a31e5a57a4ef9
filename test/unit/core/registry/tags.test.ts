import { expect, test } from 'vitest';
import { nextPage } from '../../../../functions/core/registry/tags.ts';

test.each([
  [2, undefined, 'b', '</v2/a/tags/list?n=2&last=b>; rel="next"'],
  [2, 'ghcr.io', 'b', '</v2/a/tags/list?n=2&last=b&ns=ghcr.io>; rel="next"'],
  // The mirror cut the list, although the client set no limit.
  [undefined, undefined, 'b', '</v2/a/tags/list?last=b>; rel="next"'],
  [2, undefined, undefined, undefined],
])('a page of %s, ns %s, after %s: %s', (limit, ns, last, link) => {
  const request = { path: '/v2/a/tags/list', ns };
  expect(nextPage(request, { limit }, last).link).toBe(link);
});
