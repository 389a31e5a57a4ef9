import type { BlobStore } from './blob-store.ts';
import type { FillQueue } from './fill-queue.ts';
import type { Leases } from './leases.ts';
import type { Ledger } from './ledger.ts';
import type { ManifestStore } from './manifest-store.ts';

/** The stores and the queue of a platform. */
export interface Ports {
  readonly manifests: ManifestStore;
  readonly blobs: BlobStore;
  readonly leases: Leases;
  readonly ledger: Ledger;
  readonly queue: FillQueue;
}
