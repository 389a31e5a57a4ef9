import { expect, test } from 'vitest';
import { parseCountedRate, parseRateLimit } from '../../../../functions/core/headers/rate-limit.ts';

function headers(limit: string | undefined, remaining: string | undefined, source?: string) {
  return new Headers({
    ...(limit !== undefined && { 'ratelimit-limit': limit }),
    ...(remaining !== undefined && { 'ratelimit-remaining': remaining }),
    ...(source !== undefined && { 'docker-ratelimit-source': source }),
  });
}

test.each([
  ['100;w=21600', '76;w=21600', [100, 76, 21_600]],
  ['100 ; w=60', '76', [100, 76, 60]],
  ['100', '76;W=30', [100, 76, 30]],
  ['100', '76', [100, 76, undefined]],
  ['100;w=60, 200;w=3600', '0;w=60', [100, 0, 60]],
])('%s and %s', (limit, remaining, [count, left, windowSeconds]) => {
  const rate = { limit: count, remaining: left, windowSeconds };
  expect(parseRateLimit(headers(limit, remaining))).toEqual(rate);
});

test.each([
  [undefined, '5'],
  ['5', undefined],
  ['', '5'],
  ['much', '5'],
  ['5', '-1'],
])('%s and %s say nothing', (limit, remaining) => {
  expect(parseRateLimit(headers(limit, remaining))).toBeUndefined();
  expect(parseCountedRate(headers(limit, remaining, 'x'))).toBeUndefined();
});

test('the counted address is read for budgets only', () => {
  const rate = { limit: 5, remaining: 4, windowSeconds: undefined };
  expect(parseRateLimit(headers('5', '4', '192.0.2.1'))).toEqual(rate);
  expect(parseCountedRate(headers('5', '4', ' 192.0.2.1 '))).toEqual({
    ...rate,
    source: '192.0.2.1',
  });
  expect(parseCountedRate(headers('5', '4', ' '))).toEqual({ ...rate, source: undefined });
});
