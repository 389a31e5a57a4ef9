import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRateLimit } from '../../../../functions/core/headers/rate-limit.ts';
import {
  parseRetryAfter,
  retryAfterInText,
} from '../../../../functions/core/headers/retry-after.ts';

const now = Date.UTC(2026, 10, 21, 12, 0, 0);

describe('Retry-After', () => {
  test.each<[string | null, number | undefined]>([
    ['60', 60],
    [' 7 ', 7],
    ['0', 1],
    ['1.2', 2],
    ['99999', 3600],
    [String(now / 1000 + 90), 90],
    [String(now + 90_000), 90],
    [String(now / 1000 - 90), 1],
    ['Sat, 21 Nov 2026 12:01:30 GMT', 90],
    ['Saturday, 21-Nov-26 12:01:30 GMT', 90],
    ['Sat Nov 21 12:01:30 2026', undefined],
    ['Sat, 21 Nov 2026 11:00:00 GMT', 1],
    ['Sat, 21 Nov 2030 11:00:00 GMT', 3600],
    ['1.16ms', 1],
    ['1m30s', 90],
    ['2h', 3600],
    ['soon', undefined],
    ['-5', undefined],
    ['1e3', undefined],
    ['Mon, 99 Foo 2026 99:99:99 GMT', undefined],
    ['', undefined],
    [null, undefined],
  ])('%s', (header, seconds) => {
    expect(parseRetryAfter(header, now)).toBe(seconds);
  });

  test.each([
    ['TOOMANYREQUESTS: retry-after: 1.16ms, allowed: 44000/minute', 1],
    ['{"message":"Retry-After: 12s, allowed"}', 12],
    ['retry-after: never', undefined],
    ['nothing', undefined],
  ])('in the text %s', (text, seconds) => {
    expect(retryAfterInText(text, now)).toBe(seconds);
  });

  test('every form of one time gives the same wait', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3600 }), (wait) => {
        const moment = now + wait * 1000;
        const forms = [wait, moment / 1000, moment, new Date(moment).toUTCString(), `${wait}s`];
        for (const form of forms) expect(parseRetryAfter(String(form), now)).toBe(wait);
      }),
    );
  });

  test('any text gives a wait within the limits, or none', () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[\d.]{0,20}(?:ms|s|m|h)?$/));
    fc.assert(
      fc.property(text, (header) => {
        const seconds = parseRetryAfter(header, now) ?? 1;
        expect(Number.isInteger(seconds) && seconds >= 1 && seconds <= 3600).toBe(true);
      }),
    );
  });
});

describe('RateLimit', () => {
  test.each<[string, Record<string, string>, object | undefined]>([
    [
      'Docker Hub',
      {
        'ratelimit-limit': '100;w=21600',
        'ratelimit-remaining': '87;w=21600',
        'docker-ratelimit-source': '192.0.2.1',
      },
      { limit: 100, remaining: 87, windowSeconds: 21_600 },
    ],
    [
      'without a window',
      { 'ratelimit-limit': '10', 'ratelimit-remaining': '0' },
      { limit: 10, remaining: 0, windowSeconds: undefined },
    ],
    [
      'several windows',
      { 'ratelimit-limit': '10; w=60, 100;w=3600', 'ratelimit-remaining': '3' },
      { limit: 10, remaining: 3, windowSeconds: 60 },
    ],
    ['only one of them', { 'ratelimit-limit': '10' }, undefined],
    ['garbage', { 'ratelimit-limit': 'many', 'ratelimit-remaining': 'few' }, undefined],
    ['none', {}, undefined],
  ])('%s', (_case, headers, rate) => {
    expect(parseRateLimit(new Headers(headers))).toEqual(rate);
  });
});
