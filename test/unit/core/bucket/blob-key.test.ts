import { describe, expect, it } from 'vitest';
import { blobKey, blobPrefix, digestOfKey } from '../../../../functions/core/bucket/blob-key.ts';
import { parseDigest } from '../../../../functions/core/oci/digest.ts';

const hex = 'ab'.repeat(32);
const digests = [`sha256:${hex}`, `sha512:${hex}${hex}`].map((text) => {
  const digest = parseDigest(text);
  if (digest === undefined) throw new Error(`${text} was to be a digest`);
  return digest;
});

describe('the key of a blob', () => {
  it('is one layout for every bucket', () => {
    expect(digests.map(blobKey)).toEqual([
      `blobs/sha256/ab/${hex}`,
      `blobs/sha512/ab/${hex}${hex}`,
    ]);
  });

  it('begins with the prefix of all, and is read as it was', () => {
    for (const digest of digests) {
      expect(blobKey(digest).startsWith(blobPrefix)).toBe(true);
      expect(digestOfKey(blobKey(digest))).toBe(digest);
    }
  });

  it.each([
    '',
    'blobs/',
    `manifests/sha256/${hex}`,
    `blobs/sha256/${hex}`,
    `blobs/sha256/cd/${hex}`,
    `blobs/sha256/ab/${hex.toUpperCase()}`,
    `blobs/sha256/ab/${hex}/more`,
    `blobs/md5/ab/${hex}`,
    `/blobs/sha256/ab/${hex}`,
    `blobs/sha256/ab/${hex}\n`,
  ])('%j is none', (key) => {
    expect(digestOfKey(key)).toBeUndefined();
  });
});
