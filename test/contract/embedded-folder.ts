import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedStore, openEmbeddedStore } from '../../functions/local/open.ts';
import type { OpenedPort } from './opened-port.ts';

/** One port of an embedded store in a folder of its own, with a clock that only a test moves. */
export async function openEmbedded<Port>(
  portOf: (store: EmbeddedStore) => Port,
): Promise<OpenedPort<Port> & { pass(milliseconds: number): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'pullfront-contract-'));
  let now = Date.UTC(2026, 0, 1);
  let current = await openEmbeddedStore(folder, { now: () => now });
  return {
    store: portOf(current),
    pass: async (milliseconds) => {
      now += milliseconds;
    },
    reopen: async () => {
      await current.close();
      current = await openEmbeddedStore(folder, { now: () => now });
      return portOf(current);
    },
    close: async () => {
      await current.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
