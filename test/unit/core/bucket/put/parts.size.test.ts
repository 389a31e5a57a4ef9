import { expect, test } from 'vitest';
import { partBytes } from '../../../../../functions/core/bucket/put/parts.ts';

const mebibyte = 1024 * 1024;
const largest = 64 * mebibyte;

test.each([
  [undefined, 8],
  [0, 8],
  [80 * 1024 * mebibyte - 1, 9],
  [10_000 * 8 * mebibyte, 8],
  [10_000 * 8 * mebibyte + 1, 9],
  [10_000 * 64 * mebibyte, 64],
])('a blob of %s bytes for S3 has parts of %s MiB', (size, parts) => {
  const bounds = { unit: mebibyte, least: 8 * mebibyte, mostParts: 10_000, largest };
  expect(partBytes(size, bounds)).toBe(parts * mebibyte);
});

test.each([
  [undefined, 8],
  [300 * 8 * mebibyte, 8],
  [300 * 8 * mebibyte + 1, 16],
  [10_000_000_000, 32],
])('a blob of %s bytes for R2 has parts of %s MiB', (size, parts) => {
  const bounds = { unit: 8 * mebibyte, least: 8 * mebibyte, mostParts: 300, largest };
  expect(partBytes(size, bounds)).toBe(parts * mebibyte);
});

test('a blob whose parts would be larger than the bucket takes them is refused', () => {
  const bounds = { unit: mebibyte, least: 8 * mebibyte, mostParts: 10_000, largest };
  expect(() => partBytes(10_000 * 64 * mebibyte + 1, bounds)).toThrow('too large for the bucket');
});
