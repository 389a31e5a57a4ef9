import { createHash, createHmac } from 'node:crypto';
import type { Hashing } from '../core/signing/hashing.ts';

/** The hashes of a signature, by OpenSSL. */
export const nodeHashing: Hashing = {
  sha256Hex: (data) => createHash('sha256').update(data).digest('hex'),
  hmac: (key, text) => createHmac('sha256', key).update(text).digest(),
};
