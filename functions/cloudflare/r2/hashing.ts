import { createHash, createHmac } from 'node:crypto';
import type { Hashing } from '../../core/signing/credentials.ts';

/** The hashes of a signature, as workerd has them from node:crypto. */
export const workerHashing: Hashing = {
  sha256Hex: (data) => createHash('sha256').update(data).digest('hex'),
  hmac: (key, text) => createHmac('sha256', key).update(text).digest(),
};
