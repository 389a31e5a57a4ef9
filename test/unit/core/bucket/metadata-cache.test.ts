import { expect, test } from 'vitest';
import { MetadataCache } from '../../../../functions/core/bucket/metadata-cache.ts';
import { madeDigest } from '../../../contract/made-content.ts';

const digest = madeDigest('a blob');
const life = 1000;

function opened() {
  const clock = { now: 5000 };
  const now = () => clock.now;
  let signed = 0;
  const sign = () => {
    signed += 1;
    return { url: `https://bucket.example/${signed}`, expires: clock.now + 2 * life };
  };
  return { clock, sign, cache: new MetadataCache({ most: 10, life, now }) };
}

test('what is only noted is not believed for longer than since the store was asked', () => {
  const { clock, cache } = opened();
  cache.add({ digest, size: 1, stored: 4000 });
  clock.now += life - 1;
  cache.note({ digest, size: 1 });
  expect(cache.get(digest)).toEqual({ digest, size: 1, stored: 4000 });
  clock.now += 1;
  expect(cache.get(digest)).toBeUndefined();
});

test('a URL is used again for half of its life, also when the store was asked meanwhile', async () => {
  const { clock, cache, sign } = opened();
  expect(await cache.url(digest, sign)).toBeUndefined();
  cache.note({ digest, size: 1 });
  const first = await cache.url(digest, sign);
  clock.now += life - 1;
  cache.add({ digest, size: 1, stored: 4000 });
  expect(await cache.url(digest, sign)).toBe(first);
  clock.now += 1;
  expect(await cache.url(digest, sign)).toBe('https://bucket.example/2');
});

test('a URL of another life is another URL, and each is used again', async () => {
  const { cache, sign } = opened();
  cache.note({ digest, size: 1 });
  const usual = await cache.url(digest, sign);
  const short = await cache.url(digest, sign, 100);
  expect(short).not.toBe(usual);
  expect([await cache.url(digest, sign), await cache.url(digest, sign, 100)]).toEqual([
    usual,
    short,
  ]);
});
