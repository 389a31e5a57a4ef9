import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { ManifestStore } from '../../functions/core/ports/manifest-store.ts';
import { openWorkerd, type Workerd, type WorkerdOptions } from './open-workerd.ts';
import { RemoteBlobStore } from './remote-blob-store.ts';
import { remotePort } from './remote-port.ts';
import { SourceServer } from './source-server.ts';

/** What the Worker of the tests tells besides its ports. */
export interface WorkerTold {
  /** Every statement that is run on D1. */
  statements(): Promise<Readonly<Record<string, string>>>;
  /** How often D1 and R2 were called so far. */
  calls(): Promise<number>;
  /** Begins an upload, ends it, and gives its identifier. */
  leaveUpload(key: string): Promise<string>;
}

/** One workerd for the tests of a file, empty before each. */
export function sharedWorkerd(options?: WorkerdOptions) {
  const sources = new SourceServer();
  let workerd: Workerd;
  beforeAll(async () => {
    await sources.start();
    workerd = await openWorkerd(options);
  });
  beforeEach(() => workerd.empty());
  afterAll(async () => {
    await workerd.close();
    await sources.close();
  });
  return {
    miniflare: () => workerd.miniflare,
    manifests: () => remotePort<ManifestStore>(workerd, 'manifests', workerd.newInstance()),
    blobs: () => new RemoteBlobStore(workerd, sources, workerd.newInstance()),
    told: () => remotePort<WorkerTold>(workerd, 'tests', workerd.newInstance()),
  };
}
