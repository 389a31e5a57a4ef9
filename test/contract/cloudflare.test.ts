import { afterAll, beforeAll } from 'vitest';
import type { Leases } from '../../functions/core/ports/leases.ts';
import type { ManifestStore } from '../../functions/core/ports/manifest-store.ts';
import { openWorkerd, type Workerd } from '../standins/workerd/open-workerd.ts';
import { RemoteBlobStore } from '../standins/workerd/remote-blob-store.ts';
import { RemoteLedger, remotePort } from '../standins/workerd/remote-port.ts';
import { HandlerServer, RemoteQueue } from '../standins/workerd/remote-queue.ts';
import { SourceServer } from '../standins/workerd/source-server.ts';
import { describePauseContract } from './blob-pause-contract.ts';
import { describeBlobStoreContract } from './blob-store-contract.ts';
import { describeCondemnationContract } from './condemnation-contract.ts';
import { describeFillQueueContract } from './fill-queue-contract.ts';
import { describeLeasesContract } from './leases-contract.ts';
import { describeLedgerContract } from './ledger-contract.ts';
import { describeManifestStoreContract } from './manifest-store-contract.ts';
import type { OpenedPort } from './opened-port.ts';

// The ports run in workerd; here are only what calls them and what they call.

const sources = new SourceServer();
let workerd: Workerd;

beforeAll(async () => {
  await sources.start();
  workerd = await openWorkerd();
});
afterAll(async () => {
  await workerd.close();
  await sources.close();
});

/** A port over empty stores, and other instances of it. */
async function opened<Port>(open: (instance: number) => Port): Promise<OpenedPort<Port>> {
  await workerd.empty();
  const next = () => open(workerd.newInstance());
  return { store: next(), reopen: async () => next(), close: async () => undefined };
}

const openBlobs = () => opened((instance) => new RemoteBlobStore(workerd, sources, instance));

describeManifestStoreContract('cloudflare', () =>
  opened((instance) => remotePort<ManifestStore>(workerd, 'manifests', instance)),
);

describeLeasesContract('cloudflare', async () => {
  let now = Date.UTC(2026, 0, 1);
  const leases = (instance: number) => remotePort<Leases>(workerd, 'leases', instance, () => now);
  return {
    ...(await opened(leases)),
    pass: async (milliseconds) => {
      now += milliseconds;
    },
  };
});

describeLedgerContract('cloudflare', async () => {
  let current: RemoteLedger | undefined;
  const open = (instance: number) => {
    current = new RemoteLedger(workerd, instance);
    return current;
  };
  const { reopen, ...rest } = await opened(open);
  return {
    ...rest,
    reopen: async () => {
      await current?.flush();
      return reopen();
    },
  };
});

describeFillQueueContract('cloudflare', async () => {
  const handlers = new HandlerServer();
  const own = await openWorkerd({ handler: await handlers.start() });
  return {
    store: new RemoteQueue(own, handlers),
    // The queue is a service: what ends with a process is who handles its messages.
    reopen: async () => {
      handlers.interrupt();
      return new RemoteQueue(own, handlers);
    },
    close: async () => {
      await handlers.close();
      await own.close();
    },
  };
});

describeBlobStoreContract('cloudflare', openBlobs, { follow: false });
describePauseContract('cloudflare', openBlobs);

describeCondemnationContract('cloudflare', async () => {
  let now = Date.now();
  const pass = (milliseconds: number) => {
    now += milliseconds;
  };
  const store = (instance: number) => new RemoteBlobStore(workerd, sources, instance, () => now);
  return { ...(await opened(store)), now: () => now, pass };
});
