import type { DigestAlgorithm } from '../../oci/digest.ts';

/** The hash of a blob that is being put. */
export interface PutHash {
  update(bytes: Uint8Array): void;
  /** Lower-case hex; called once. */
  hex(): string;
  /** The state, for another process to resume from; undefined for a hash that cannot be saved. */
  save(): string | undefined;
}

/** Creates the platform's own hash: it cannot be saved, but is several times as fast. */
export type CreateHash = (algorithm: DigestAlgorithm) => PutHash;

/** Adapts `createHash` of node:crypto. */
export function nativeHashes(
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
