import { createHash } from 'node:crypto';
import type { DigestAlgorithm } from '../../core/oci/digest.ts';

/** The hash of a file that is being written. */
export interface FileHash {
  /** The next bytes of the file, as they are handed to the disk. */
  update(bytes: Uint8Array): void;
  /** The file holds so many bytes now. */
  grown(written: number): void;
  /** Lower-case hex of the whole file, which is `size` bytes long; rejects when it cannot be read. */
  hex(size: number): Promise<string>;
  /** The hash is not wanted any more. */
  drop(): void;
}

/** Hashes on this thread, as the bytes pass: for small blobs, where a message costs more. */
export function passingHash(algorithm: DigestAlgorithm): FileHash {
  const hash = createHash(algorithm);
  return {
    update: (bytes) => void hash.update(bytes),
    grown: () => undefined,
    hex: async () => hash.digest('hex'),
    drop: () => undefined,
  };
}
