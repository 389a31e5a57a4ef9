import type { Ports } from '../core/mirror/context.ts';
import type { MirrorEvent } from '../core/ports/event.ts';
import type { Runtime } from '../core/ports/runtime.ts';
import type { WorkerEnvironment } from './bindings.ts';
import { D1Leases } from './d1/leases.ts';
import { D1Ledger } from './d1/ledger.ts';
import { d1ManifestStore } from './d1/manifest-store.ts';
import { QueuesFillQueue } from './queues/fill-queue.ts';
import { r2BlobStore } from './r2/blob-store.ts';
import { R2LargeValues } from './r2/large-values.ts';
import { R2SignedUrls } from './r2/signed-urls.ts';

/** Opens the stores of a Worker; sends nothing yet. */
export function openStores(environment: WorkerEnvironment, runtime: Runtime<MirrorEvent>): Ports {
  const { DB, BUCKET, FILLS } = environment;
  const { now } = runtime;
  return {
    manifests: d1ManifestStore(DB, { large: new R2LargeValues(BUCKET), now }),
    blobs: r2BlobStore(BUCKET, DB, { now, signedUrls: signedUrls(environment, now) }),
    leases: new D1Leases(DB, now),
    ledger: new D1Ledger(DB, runtime),
    queue: new QueuesFillQueue(FILLS),
  };
}

/** Undefined unless all is there that redirects need. */
function signedUrls(environment: WorkerEnvironment, now: () => number): R2SignedUrls | undefined {
  const {
    R2_ACCESS_KEY_ID: accessKeyId,
    R2_SECRET_ACCESS_KEY: secretAccessKey,
    R2_ENDPOINT: endpoint,
    R2_BUCKET: bucket,
  } = environment;
  if (!accessKeyId || !secretAccessKey || !endpoint || !bucket) return undefined;
  return new R2SignedUrls({ endpoint, bucket, accessKeyId, secretAccessKey, now });
}
