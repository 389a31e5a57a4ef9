import { BlobTooLarge, type WantedBlob } from '../../ports/blob-store.ts';
import type { Limits } from '../context.ts';

/** The bytes of one blob whose size nobody stated. */
interface CountedBlob {
  /** So many bytes came; throws a BlobTooLarge beyond a limit. */
  arrived(bytes: number): void;
  /** The blob is stored, or nothing of it is kept. */
  end(): void;
}

/**
 * Counts the blobs whose size nobody stated as they come: only so do the limits hold for them. Each
 * may be as large as a blob whose size is known, and all under way as large as the store.
 */
export class UnstatedBytes {
  #all = 0;

  /** Counts one blob until its `end`; one whose size is known is the store's to compare. */
  count({ digest, size }: WantedBlob, limits: Limits): CountedBlob {
    if (size !== undefined) return { arrived: () => undefined, end: () => undefined };
    let own = 0;
    return {
      arrived: (bytes) => {
        own += bytes;
        this.#all += bytes;
        if (own <= limits.maxBlobBytes && this.#all <= limits.storeBytes) return;
        throw new BlobTooLarge(`${digest} grew beyond what may be stored: ${own} bytes came`);
      },
      end: () => {
        this.#all -= own;
        own = 0;
      },
    };
  }
}
