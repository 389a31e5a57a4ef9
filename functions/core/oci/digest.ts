import { toHex } from '../bytes/byte-array.ts';

declare const digestBrand: unique symbol;

/** A valid digest, `algorithm:encoded` (image-spec §Digests). */
export type Digest = string & { readonly [digestBrand]: true };

export const digestAlgorithms = ['sha256', 'sha512'] as const;

export type DigestAlgorithm = (typeof digestAlgorithms)[number];

/** Lower case only (image-spec §Registered algorithms). */
const digestForm = /^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/;

/** Parses a digest; undefined unless it is a registered algorithm with lower-case hex of its length. */
export function parseDigest(text: string): Digest | undefined {
  return digestForm.test(text) ? (text as Digest) : undefined;
}

/** The algorithm of a digest. */
export function algorithmOf(digest: Digest): DigestAlgorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}

/** The hex part of a digest. */
export function encodedOf(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

const emptyDigests: ReadonlySet<string> = new Set([
  'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  'sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e',
]);

/** True for the digest of empty content. */
export function isEmptyDigest(digest: Digest): boolean {
  return emptyDigests.has(digest);
}

const subtleName = { sha256: 'SHA-256', sha512: 'SHA-512' } as const;

/** Computes the digest of bytes held in memory: for manifests, never for blobs. */
export async function digestOf(
  bytes: Uint8Array<ArrayBuffer>,
  algorithm: DigestAlgorithm = 'sha256',
): Promise<Digest> {
  const hash = new Uint8Array(await crypto.subtle.digest(subtleName[algorithm], bytes));
  return `${algorithm}:${toHex(hash)}` as Digest;
}
