import { ResumableSha256 } from '../../bytes/resumable-sha256.ts';
import type { DigestAlgorithm } from '../../oci/digest.ts';

/** The hash of a blob on its way. */
export interface PutHash {
  update(bytes: Uint8Array): void;
  /** Lower-case hex; called once. */
  hex(): string;
  /** What another process goes on from; undefined for a hash that cannot be gone on from. */
  save(): string | undefined;
}

/** The platform's own hash: several times as fast as one that can be saved. */
export type CreateHash = (algorithm: DigestAlgorithm) => PutHash;

/** Makes such hashes of node:crypto's. */
export function plainHashes(
  create: (algorithm: DigestAlgorithm) => {
    update(bytes: Uint8Array): unknown;
    digest(encoding: 'hex'): string;
  },
): CreateHash {
  return (algorithm) => {
    const hash = create(algorithm);
    return {
      update: (bytes) => void hash.update(bytes),
      hex: () => hash.digest('hex'),
      save: () => undefined,
    };
  };
}

/** The hash that outlives its process: from its start, or from where a saved one was. */
export function lastingHash(hash: ResumableSha256 = new ResumableSha256()): PutHash {
  return {
    update: (bytes) => hash.update(bytes),
    hex: () => hash.hex(),
    save: () => hash.save(),
  };
}

/**
 * The hash of a paused upload, if it is of so many bytes; undefined when it cannot be gone on from.
 */
export function savedHash(saved: string, bytes: number): PutHash | undefined {
  const hash = ResumableSha256.restore(saved);
  return hash?.length === bytes ? lastingHash(hash) : undefined;
}
