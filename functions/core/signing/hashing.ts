/**
 * SHA-256 and HMAC-SHA-256 of a platform. Both are synchronous, unlike Web Crypto's: a signature is
 * five of them, and five promises would cost more than the hashes.
 */
export interface Hashing {
  /** Lower-case hex. */
  sha256Hex(data: string | Uint8Array): string;
  hmac(key: string | Uint8Array, text: string): Uint8Array;
}
