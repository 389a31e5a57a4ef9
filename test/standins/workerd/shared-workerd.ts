import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { FillQueue } from '../../../functions/core/ports/fill-queue.ts';
import type { Leases } from '../../../functions/core/ports/leases.ts';
import type { ManifestStore } from '../../../functions/core/ports/manifest-store.ts';
import type { Ports } from '../../../functions/core/ports/ports.ts';
import type { RunSql } from '../../../scripts/edge/migrate.ts';
import { openWorkerd, type Workerd, type WorkerdOptions } from './open-workerd.ts';
import { RemoteBlobStore } from './remote-blob-store.ts';
import { RemoteLedger, remotePort } from './remote-port.ts';
import { SourceServer } from './source-server.ts';
import type { StoredObject } from './wire.ts';

/** What the Worker of the tests tells besides its ports. */
export interface WorkerTold {
  /** Every statement that is run on D1. */
  statements(): Promise<Readonly<Record<string, string>>>;
  /** How often D1 and R2 were called so far. */
  calls(): Promise<number>;
  /** How many statements D1 ran so far. */
  ranStatements(): Promise<number>;
  /** D1 runs so many more, as for one invocation, and then fails; any number when absent. */
  allowStatements(count?: number): Promise<void>;
  /** D1 refuses every statement from now on, or none. */
  overload(isOverloaded: boolean): Promise<void>;
  /** What a run of eviction is bounded by. */
  evictionSteps(): Promise<number>;
  /** Runs statements on D1 in one transaction, and gives the rows of each; past what is counted and refused. */
  run: RunSql;
  objects(): Promise<readonly StoredObject[]>;
  putObject(key: string, text: string): Promise<void>;
  deleteObject(key: string): Promise<void>;
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
    manifests: () => remotePort<ManifestStore>(workerd, 'manifests', workerd.newInstance()),
    blobs: () => new RemoteBlobStore(workerd, sources, workerd.newInstance()),
    /** `now` is the clock of the leases, in ms since 1970. */
    ports: (now: () => number): Ports => {
      const instance = workerd.newInstance();
      const port = <Port extends object>(name: string, clock?: () => number) =>
        remotePort<Port>(workerd, name, instance, clock);
      return {
        manifests: port<ManifestStore>('manifests'),
        blobs: new RemoteBlobStore(workerd, sources, instance),
        leases: port<Leases>('leases', now),
        ledger: new RemoteLedger(workerd, instance),
        queue: port<FillQueue>('queue'),
      };
    },
    told: () => remotePort<WorkerTold>(workerd, 'tests', workerd.newInstance()),
  };
}
