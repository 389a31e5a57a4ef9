import { expect, test } from 'vitest';
import { connectionOf, endpoint } from '../../../../functions/core/upstream/connection.ts';

const opened = (url: string, more: object = {}) =>
  connectionOf({ registry: 'x', url: new URL(url), userAgent: 'a', ...more }, {} as never);

test.each([
  ['https://a', 'https://a/v2/app/tags/list?n=1'],
  ['https://a/', 'https://a/v2/app/tags/list?n=1'],
  ['https://a/sub//', 'https://a/sub/v2/app/tags/list?n=1'],
  ['https://a:5000/v2/hub-proxy', 'https://a:5000/v2/hub-proxy/app/tags/list?n=1'],
  ['https://a/sub/v2/hub/docker.io/', 'https://a/sub/v2/hub/docker.io/app/tags/list?n=1'],
])('the repositories of %s are at %s', (url, place) => {
  expect(endpoint(opened(url), 'app/tags/list', '?n=1').href).toBe(place);
});

test('times have defaults', () => {
  expect(opened('https://a')).toMatchObject({
    headersTimeout: 15_000,
    stallTimeout: 30_000,
    realms: [],
  });
  const set = { headersTimeout: 1, stallTimeout: 2, realms: ['b'] };
  expect(opened('https://a', set)).toMatchObject(set);
});
