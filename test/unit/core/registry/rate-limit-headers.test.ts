import { expect, test } from 'vitest';
import { RateLimitHeaders } from '../../../../functions/core/registry/rate-limit-headers.ts';

function headersOf(limit: number, remaining: number, rateLimit = new RateLimitHeaders()) {
  const headers: Record<string, string> = {};
  rateLimit.add(headers, limit, remaining, 30);
  return headers;
}

test('the headers are those of Docker Hub', () => {
  expect(headersOf(60, 59)).toEqual({
    'ratelimit-limit': '60;w=60',
    'ratelimit-remaining': '59;w=60',
    'ratelimit-reset': '30',
  });
});

test.each([
  [10_000, 9_999, '9999;w=60'],
  [20_000, 19_999, '19998;w=60'],
  [20_000, 1, '0;w=60'],
  [1_000_000, 1_000_000, '1000000;w=60'],
  [1_000_000, 999_999, '999900;w=60'],
])('of the limit %i, %i remaining are %s', (limit, remaining, text) => {
  expect(headersOf(limit, remaining)['ratelimit-remaining']).toBe(text);
});

test('more limits than it keeps can be written', () => {
  const rateLimit = new RateLimitHeaders();
  const limits = Array.from({ length: 30_000 }, (_, at) => at + 1);
  const wrong = limits.filter(
    (limit) => headersOf(limit, 0, rateLimit)['ratelimit-limit'] !== `${limit};w=60`,
  );
  expect(wrong).toEqual([]);
});
