import { resolve } from 'node:path';
import { followFills } from '../core/mirror/blobs/follow-fill.ts';
import { upkeep } from '../core/mirror/upkeep.ts';
import type { Digest } from '../core/oci/digest.ts';
import type { Ports } from '../core/ports/ports.ts';
import type { FillQueueOptions } from '../memory/fill-queue.ts';
import { MemoryLeases } from '../memory/leases.ts';
import { passwordReader } from '../node/password.ts';
import { type OpenPlatform, storeListeners } from '../node/server-platform.ts';
import { openDataFolder } from './data-folder.ts';
import { FileBlobStore, type FileBlobStoreOptions } from './files/blob-store.ts';
import { Scrub } from './files/scrub.ts';
import { openIndexDatabase } from './lmdb/database.ts';
import { PersistentFillQueue } from './lmdb/fill-queue.ts';
import { setDamagedAside } from './lmdb/index-file.ts';
import { LmdbLedger } from './lmdb/ledger.ts';
import { fillOf, forgetComplete } from './lmdb/manifest-rows.ts';
import { LmdbManifestStore } from './lmdb/manifest-store.ts';

/** How many jobs of the queue run at once. */
const fillConcurrency = 4;

/** How to open the stores. */
export type EmbeddedStoreOptions = Pick<FillQueueOptions, 'now' | 'onGivenUp'> &
  FileBlobStoreOptions;

/** All stores of one machine, in one folder. */
export interface EmbeddedStore extends Ports {
  readonly queue: PersistentFillQueue;
  /** The folder's path. */
  readonly place: string;
  /** Writes what is still in memory and unlocks the folder. */
  close(): Promise<void>;
}

/** The platform of a server on one machine, with all data in one folder. */
export function openOnThisMachine(folder: string): OpenPlatform {
  return async ({ environment, runtime, log, fetch }) => {
    const { now } = runtime;
    const listeners = storeListeners(log);
    const { close, place, ...ports } = await openEmbeddedStore(folder, { now, ...listeners });
    return {
      ports,
      runtime,
      log,
      fetch,
      readPassword: passwordReader(environment),
      missingBlobs: followFills,
      upkeep,
      fillsHere: true,
      place,
      close,
    };
  };
}

/** Opens the stores in a folder, or creates them. Rejects as `openDataFolder` does. */
export async function openEmbeddedStore(
  folder: string,
  options: EmbeddedStoreOptions,
): Promise<EmbeddedStore> {
  const data = await openDataFolder(folder);
  const undo = [() => data.release()];
  try {
    const damage = await setDamagedAside(data.path);
    if (damage !== undefined) options.onProblem?.(damage);
    const index = openIndexDatabase(data.path);
    undo.unshift(() => index.close());
    const blobs = await FileBlobStore.open(data.path, options);
    const ledger = new LmdbLedger(index);
    const queue = new PersistentFillQueue(index, { ...options, concurrency: fillConcurrency });
    const manifests = new LmdbManifestStore(index, { now: () => options.now() });
    const fetchAgain = async (digest: Digest) => {
      const fill = fillOf(index, digest);
      if (fill === undefined) return;
      await queue.enqueue([fill]);
      await index.write(() => forgetComplete(index, digest));
    };
    // If the index fails, the next client that requests the blob fetches it.
    blobs.onDamaged((digest) => void fetchAgain(digest).catch(() => undefined));
    const position = {
      read: () => index.scrub.get('last'),
      write: (digest: Digest) => index.write(() => void index.scrub.put('last', digest)),
    };
    const scrub = new Scrub(blobs, position, (reason) => options.onProblem?.(reason));
    undo.unshift(
      () => scrub.stop(),
      () => queue.stop(),
      () => manifests.stop(),
      () => blobs.close(),
      () => ledger.flush(),
    );
    return {
      manifests,
      blobs,
      leases: new MemoryLeases(options.now),
      ledger,
      queue,
      place: resolve(folder),
      close: () => runAll(undo),
    };
  } catch (error) {
    await runAll(undo).catch(() => undefined);
    throw error;
  }
}

/** Runs every step, even after one failed; rejects with the first error. */
async function runAll(steps: readonly (() => Promise<void>)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const step of steps) await step().catch((error: unknown) => errors.push(error));
  if (errors.length > 0) throw errors[0];
}
