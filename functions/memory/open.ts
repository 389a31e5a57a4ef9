import type { Ports } from '../core/ports/ports.ts';
import type { Runtime } from '../core/ports/runtime.ts';
import { MemoryBlobStore, type MemoryBlobStoreOptions } from './blob-store.ts';
import { type FillQueueOptions, MemoryFillQueue } from './fill-queue.ts';
import { MemoryLeases } from './leases.ts';
import { MemoryLedger } from './ledger.ts';
import { MemoryManifestStore } from './manifest-store.ts';

/** The limit of the index, in bytes, in addition to the blobs. */
const indexBytes = 128 * 1024 * 1024;

/** How many jobs of the queue run at once. */
const fillConcurrency = 4;

/** How to open the stores. */
export interface MemoryStoreOptions
  extends Pick<Runtime, 'now' | 'createHash'>,
    Pick<FillQueueOptions, 'onGivenUp'>,
    Pick<MemoryBlobStoreOptions, 'storeBytes' | 'onProblem'> {}

/** All stores of one process, in its memory. */
export interface MemoryStore extends Ports {
  readonly blobs: MemoryBlobStore;
  readonly queue: MemoryFillQueue;
  /** Aborts puts and fills. The data is lost with the last reference to the store. */
  close(): Promise<void>;
}

/** Opens an empty store. */
export function openMemoryStore(options: MemoryStoreOptions): MemoryStore {
  const { now } = options;
  const blobs = new MemoryBlobStore(options);
  const queue = new MemoryFillQueue({ ...options, concurrency: fillConcurrency });
  return {
    manifests: new MemoryManifestStore({ now, indexBytes }),
    blobs,
    leases: new MemoryLeases(now),
    ledger: new MemoryLedger(),
    queue,
    async close() {
      await blobs.close();
      await queue.stop();
    },
  };
}
