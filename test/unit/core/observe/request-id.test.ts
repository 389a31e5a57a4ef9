import { expect, test } from 'vitest';
import { requestIdOf } from '../../../../functions/core/observe/request-id.ts';

const of = (headers: Readonly<Record<string, string>>) => requestIdOf((name) => headers[name]);

test.each([
  [{ 'x-request-id': 'a1b2-c3' }, 'a1b2-c3'],
  [{ 'cf-ray': '8f1c2d3e4f5a6b7c-FRA' }, '8f1c2d3e4f5a6b7c-FRA'],
  [{ 'x-amzn-trace-id': 'Root=1-67891233-abcdef' }, 'Root=1-67891233-abcdef'],
  [{ 'x-request-id': 'mine', 'cf-ray': 'theirs' }, 'mine'],
  [{ 'x-request-id': '', 'cf-ray': 'theirs' }, 'theirs'],
])('%o names the request %s', (headers, id) => {
  expect(of(headers)).toBe(id);
});

test('a request without a usable name gets one of its own', () => {
  const ids = [{}, {}, { 'x-request-id': 'two words' }, { 'x-request-id': 'x'.repeat(129) }].map(
    of,
  );
  expect(new Set(ids).size).toBe(4);
  // They count, after the random part of this process.
  const parts = ids.map((id) => id.split('-'));
  expect(new Set(parts.map(([prefix]) => prefix)).size).toBe(1);
  const counts = parts.map(([, count = '']) => Number.parseInt(count, 36));
  expect(counts.map((count) => count - (counts[0] ?? 0))).toEqual([0, 1, 2, 3]);
  for (const id of ids) expect(id).toMatch(/^\w{1,8}-\w+$/);
});
