import { expect, test } from 'vitest';
import { TokenCache } from '../../../../../functions/core/upstream/auth/token-cache.ts';

const granted = (token: string, seconds = 300) => ({ kind: 'granted', token, seconds }) as const;

test('the tokens of a thousand scopes are kept, and those used last of more', async () => {
  const cache = new TokenCache(() => 0);
  for (let at = 0; at < 1000; at++) await cache.get(`scope ${at}`, async () => granted(`${at}`));
  expect(cache.peek('scope 0')).toBe('0');
  // Used again, so that another one goes.
  await cache.get('scope 0', () => Promise.reject(new Error('it is cached')));
  await cache.get('one more', async () => granted('more'));
  expect(cache.peek('scope 0')).toBe('0');
  expect(cache.peek('scope 1')).toBeUndefined();
  expect(cache.peek('one more')).toBe('more');
});

test('a token is used until its end, and replaced after four fifths of its life', async () => {
  let now = 0;
  const cache = new TokenCache(() => now);
  const next = () => cache.get('scope', async () => granted(`at ${now}`, 100));
  expect(await next()).toEqual({ kind: 'granted', token: 'at 0', seconds: 100, fresh: true });
  now = 79_999;
  expect(await next()).toMatchObject({ token: 'at 0', fresh: false });
  now = 80_000;
  expect(await next()).toMatchObject({ token: 'at 80000', fresh: true });
  now = 179_999;
  expect(cache.peek('scope')).toBe('at 80000');
  now = 180_000;
  expect(cache.peek('scope')).toBeUndefined();
});

test('a token that was refused is forgotten, unless it was replaced meanwhile', async () => {
  const cache = new TokenCache(() => 0);
  await cache.get('scope', async () => granted('one'));
  cache.forget('scope', 'another');
  expect(cache.peek('scope')).toBe('one');
  cache.forget('scope', 'one');
  expect(cache.peek('scope')).toBeUndefined();
});
