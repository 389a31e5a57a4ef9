import type { FillJob } from '../../functions/core/ports/fill-queue.ts';
import {
  type FillTable,
  MemoryFillQueue,
  type StoredFill,
} from '../../functions/memory/fill-queue.ts';
import { MemoryLeases } from '../../functions/memory/leases.ts';
import { type MemoryStore, openMemoryStore } from '../../functions/memory/open.ts';
import { nodeRuntime } from '../../functions/node/runtime.ts';
import { describeBlobStoreContract } from './blob-store-contract.ts';
import { describeFillQueueContract, type HandledQueue } from './fill-queue-contract.ts';
import { describeLeasesContract } from './leases-contract.ts';
import { describeLedgerContract } from './ledger-contract.ts';
import { describeManifestStoreContract } from './manifest-store-contract.ts';
import type { OpenedPort } from './opened-port.ts';

/** One port of a store in memory, with a clock that only a test moves. */
async function openInMemory<Port>(portOf: (store: MemoryStore) => Port) {
  let now = Date.UTC(2026, 0, 1);
  const store = openMemoryStore({
    now: () => now,
    createHash: nodeRuntime(() => undefined).runtime.createHash,
  });
  return {
    store: portOf(store),
    pass: async (milliseconds: number) => {
      now += milliseconds;
    },
    // There is no other process that sees it.
    reopen: async () => portOf(store),
    close: () => store.close(),
  };
}

/** A table that outlives its queue, as the rows of a store on a disk do. */
class SurvivingTable implements FillTable {
  readonly #fills = new Map<string, StoredFill>();

  async put(fills: readonly StoredFill[]): Promise<void> {
    for (const fill of fills) this.#fills.set(rowOf(fill.job), fill);
  }

  async remove(job: FillJob): Promise<void> {
    this.#fills.delete(rowOf(job));
  }

  all(): StoredFill[] {
    return [...this.#fills.values()];
  }
}

function rowOf({ repository, blob }: FillJob): string {
  return JSON.stringify([repository, blob.digest]);
}

async function openQueue(): Promise<OpenedPort<HandledQueue>> {
  const table = new SurvivingTable();
  const open = () => new MemoryFillQueue({ now: Date.now, concurrency: 4 }, table, table.all());
  let queue = open();
  return {
    store: queue,
    reopen: async () => {
      await queue.stop();
      queue = open();
      return queue;
    },
    close: () => queue.stop(),
  };
}

describeManifestStoreContract('memory', () => openInMemory((store) => store.manifests));
describeBlobStoreContract('memory', () => openInMemory((store) => store.blobs), { follow: true });
describeLeasesContract(
  'memory',
  async () => {
    let now = Date.UTC(2026, 0, 1);
    const open = () => new MemoryLeases(() => now);
    return {
      store: open(),
      pass: async (milliseconds) => {
        now += milliseconds;
      },
      reopen: async () => open(),
      close: async () => undefined,
    };
  },
  'one process',
);
describeLedgerContract('memory', () => openInMemory((store) => store.ledger));
describeFillQueueContract('memory', openQueue);
