import type { PutOutcome } from '../../core/ports/blob-store.ts';

/** How the bytes of a source differ from the wanted blob. */
type Mismatch = Extract<PutOutcome, { kind: 'mismatch' }>;

/** The source ended early. */
export function tooFew(bytes: number, wanted: number): Mismatch {
  return mismatch(`${bytes} bytes instead of ${wanted}`);
}

/** The source went on after the last byte of the blob. */
export function tooMany(wanted: number): Mismatch {
  return mismatch(`more than ${wanted} bytes`);
}

/** The bytes have the digest whose hex this is. */
export function anotherDigest(hex: string): Mismatch {
  return mismatch(`their digest ends in ${hex.slice(-8)}`);
}

function mismatch(reason: string): Mismatch {
  return { kind: 'mismatch', reason };
}
