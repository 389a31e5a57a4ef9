import { createHash } from 'node:crypto';
import { ResumableSha256 } from '../../core/bytes/resumable-sha256.ts';
import type { DigestAlgorithm } from '../../core/oci/digest.ts';

/** The hash of a blob on its way. */
export interface PutHash {
  update(bytes: Uint8Array): void;
  /** Lower-case hex; called once. */
  hex(): string;
  /** What another process goes on from; undefined for a hash that cannot be gone on from. */
  save(): string | undefined;
}

/** The fast one. */
export function plainHash(algorithm: DigestAlgorithm): PutHash {
  const hash = createHash(algorithm);
  return {
    update: (bytes) => void hash.update(bytes),
    hex: () => hash.digest('hex'),
    save: () => undefined,
  };
}

/** The one that outlives its process: from its start, or from where a saved one was. */
export function lastingHash(hash: ResumableSha256 = new ResumableSha256()): PutHash {
  return {
    update: (bytes) => hash.update(bytes),
    hex: () => hash.hex(),
    save: () => hash.save(),
  };
}
