import type { ByteRange } from '../core/headers/range.ts';
import type { Digest } from '../core/oci/digest.ts';
import type {
  BlobLocation,
  BlobPut,
  BlobSource,
  BlobStore,
  PutOptions,
  StoredBlob,
  WantedBlob,
} from '../core/ports/blob-store.ts';
import type { Runtime } from '../core/ports/runtime.ts';
import { ActivePuts } from './active-puts.ts';
import type { BlobBytes } from './blob-bytes.ts';
import { MemoryBlobPut, type PutContext } from './blob-put.ts';
import { Room } from './room.ts';

/** How to create the store. */
export interface MemoryBlobStoreOptions extends Pick<Runtime, 'now' | 'createHash'> {
  /** The limit of all blobs, including incoming ones, in bytes. Default: none. */
  readonly storeBytes?: number;
  /** Called at most once a minute, when there is no room for a blob. */
  onProblem?(reason: string): void;
}

interface Stored extends StoredBlob {
  readonly bytes: BlobBytes;
}

/**
 * Blobs in the memory of this process, within a limit. An incoming blob evicts others (`evictBy`) and is
 * refused, and so passed through, if that does not make enough room.
 */
export class MemoryBlobStore implements BlobStore {
  readonly #stored = new Map<Digest, Stored>();
  /** The puts in flight. */
  readonly #puts = new ActivePuts();
  readonly #room: Room;
  readonly #context: PutContext;
  #storedBytes = 0;

  constructor({ now, createHash, storeBytes, onProblem }: MemoryBlobStoreOptions) {
    this.#room = new Room({
      capacity: storeBytes ?? Number.POSITIVE_INFINITY,
      now,
      evictable: () => this.#storedBytes,
      onFull: (reason) => onProblem?.(reason),
    });
    this.#context = {
      room: this.#room,
      createHash,
      publish: (digest, bytes) => {
        const before = this.#stored.get(digest);
        if (before !== undefined) {
          bytes.drop();
          return before.bytes;
        }
        const size = bytes.length;
        this.#stored.set(digest, { digest, size, stored: Math.round(now()), bytes });
        this.#storedBytes += size;
        return bytes;
      },
    };
  }

  /** Makes the store call `evict` when a blob needs room; `evict` deletes until `usedBytes` fits. */
  evictBy(evict: () => Promise<void>): void {
    this.#room.evict = evict;
  }

  /** Changes the limit, in bytes. The next eviction deletes what exceeds it. */
  resize(storeBytes: number): void {
    this.#room.capacity = storeBytes;
  }

  async stat(digest: Digest): Promise<StoredBlob | undefined> {
    const found = this.#stored.get(digest);
    return found && statOf(found);
  }

  async locate(digest: Digest, range?: ByteRange): Promise<BlobLocation | undefined> {
    const found = this.#stored.get(digest);
    if (found === undefined) return undefined;
    const { size, bytes } = found;
    return { kind: 'stream', size, body: bytes.inOnePiece(range) ?? bytes.read(range) };
  }

  /** Ignored: this store knows what it has. */
  noteStored(): void {}

  put(blob: WantedBlob, source: BlobSource, { signal }: PutOptions = {}): BlobPut {
    const stored = this.#stored.get(blob.digest);
    if (stored !== undefined) {
      const { size, bytes } = stored;
      return {
        done: Promise.resolve({ kind: 'stored', size }),
        follow: (range) => bytes.read(range),
        arrived: () => size,
      };
    }
    return this.#puts.start(
      signal,
      (stopped) => new MemoryBlobPut(blob, source, stopped, this.#context),
    );
  }

  async delete(digest: Digest): Promise<void> {
    const found = this.#stored.get(digest);
    if (found === undefined) return;
    this.#stored.delete(digest);
    this.#storedBytes -= found.size;
    found.bytes.drop();
  }

  async *list(after?: Digest): AsyncIterable<StoredBlob> {
    const all = [...this.#stored.keys()];
    for (const digest of after === undefined ? all : all.filter((one) => one > after).sort()) {
      const found = this.#stored.get(digest);
      if (found !== undefined) yield statOf(found);
    }
  }

  /** Includes incoming blobs and deleted ones that are still being read. */
  async usedBytes(): Promise<number> {
    return this.#room.taken;
  }

  /** Aborts the puts in flight and waits for them; readers may finish. */
  async close(): Promise<void> {
    await this.#puts.close();
  }
}

function statOf({ digest, size, stored }: Stored): StoredBlob {
  return { digest, size, stored };
}
