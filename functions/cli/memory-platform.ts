import { followFills } from '../core/mirror/blobs/follow-fill.ts';
import { upkeep } from '../core/mirror/upkeep.ts';
import { openMemoryStore } from '../memory/open.ts';
import { passwordReader } from '../node/password.ts';
import { type OpenPlatform, storeListeners } from '../node/server-platform.ts';

/** How often a pull of the same manifest is recorded, in ms: in memory that costs nothing. */
const markInterval = 10_000;

/** The platform of a server that keeps at most `storeBytes` of blobs, all in memory. */
export function openInMemory(storeBytes: number): OpenPlatform {
  return async ({ environment, runtime, log, fetch }) => {
    const { close, ...ports } = openMemoryStore({
      ...storeListeners(log),
      now: runtime.now,
      createHash: runtime.createHash,
      storeBytes,
    });
    return {
      ports,
      runtime,
      log,
      fetch,
      readPassword: passwordReader(environment),
      missingBlobs: followFills,
      upkeep,
      markInterval,
      fillsHere: true,
      place: 'in memory; lost when the server stops',
      bound: ports.blobs,
      close,
    };
  };
}
