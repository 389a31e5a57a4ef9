import { expect, test } from 'vitest';
import { KnownBlobs } from '../../../../functions/core/bucket/known-blobs.ts';
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
  return { clock, sign, known: new KnownBlobs({ most: 10, life, now }) };
}

test('what is only noted is not believed for longer than since the store was asked', () => {
  const { clock, known } = opened();
  known.add({ digest, size: 1, stored: 4000 });
  clock.now += life - 1;
  known.note({ digest, size: 1 });
  expect(known.get(digest)).toEqual({ digest, size: 1, stored: 4000 });
  clock.now += 1;
  expect(known.get(digest)).toBeUndefined();
});

test('a URL is used again for half of its life, also when the store was asked meanwhile', async () => {
  const { clock, known, sign } = opened();
  expect(await known.url(digest, sign)).toBeUndefined();
  known.note({ digest, size: 1 });
  const first = await known.url(digest, sign);
  clock.now += life - 1;
  known.add({ digest, size: 1, stored: 4000 });
  expect(await known.url(digest, sign)).toBe(first);
  clock.now += 1;
  expect(await known.url(digest, sign)).toBe('https://bucket.example/2');
});
