import { BlobTooLarge, type WantedBlob } from '../../ports/blob-store.ts';
import type { Limits } from '../context.ts';

interface BlobCounter {
  /** Counts bytes that arrived; throws a BlobTooLarge beyond a limit. */
  arrived(bytes: number): void;
  /** Called when the blob is stored or discarded. */
  end(): void;
}

/**
 * Applies the limits to blobs of unknown size, whose bytes can only be counted as they arrive. One blob
 * may be as large as a blob of known size, and all that are being filled together as large as the store.
 */
export class UnsizedBlobs {
  #total = 0;

  /** Counts one blob until its `end`. The store itself checks a blob of known size. */
  count({ digest, size }: WantedBlob, limits: Limits): BlobCounter {
    if (size !== undefined) return { arrived: () => undefined, end: () => undefined };
    let own = 0;
    return {
      arrived: (bytes) => {
        own += bytes;
        this.#total += bytes;
        if (own <= limits.maxBlobBytes && this.#total <= limits.storeBytes) return;
        throw new BlobTooLarge(`${digest} grew beyond the limits: ${own} bytes arrived`);
      },
      end: () => {
        this.#total -= own;
        own = 0;
      },
    };
  }
}
