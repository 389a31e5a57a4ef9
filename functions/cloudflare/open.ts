import type { SignUrl } from '../core/bucket/metadata-cache.ts';
import { longestUrlLife } from '../core/clients/client-limits.ts';
import type { Config } from '../core/config/resolve.ts';
import { type Resolved, readResolved } from '../core/config/resolved.ts';
import { passThroughAll } from '../core/mirror/blobs/background-fill.ts';
import { upkeep } from '../core/mirror/upkeep.ts';
import { logEvent } from '../core/observe/event-line.ts';
import { jsonLog } from '../core/observe/log.ts';
import type { Ports } from '../core/ports/ports.ts';
import type { Runtime } from '../core/ports/runtime.ts';
import type { Platform } from '../core/service/platform.ts';
import { unreadableAccounts } from '../core/sources/open-sources.ts';
import { variablesOf, type WorkerEnvironment } from './bindings.ts';
import { D1Leases } from './d1/leases.ts';
import { D1Ledger } from './d1/ledger.ts';
import { d1ManifestStore } from './d1/manifest-store.ts';
import { QueuesFillQueue } from './queues/fill-queue.ts';
import { r2BlobStore } from './r2/blob-store.ts';
import { r2LargeValues } from './r2/bucket.ts';
import { bucketUrlLife, r2SignedUrls } from './r2/signed-urls.ts';
import { workerFetch } from './workerd/fetch.ts';
import { workerRuntime } from './workerd/runtime.ts';

/** The platform of an isolate. */
export interface WorkerPlatform extends Platform {
  /** The built configuration with the variables applied. */
  readonly configuration: Config;
}

/**
 * How many blobs and manifests one invocation examines for eviction. A blob takes at most five D1
 * statements and a manifest seven. An invocation may make 1,000, and its fill needs some of them.
 */
export const evictionSteps = 120;

/** How long after a count of a client's bytes it is written, in ms: an isolate may end at any time. */
const usageDelay = 5_000;

/**
 * Opens the platform of an isolate, and logs invalid variables and missing secrets. Call it within a
 * request; it sends nothing yet.
 */
export function openPlatform(built: Resolved, environment: WorkerEnvironment): WorkerPlatform {
  const variables = variablesOf(environment);
  const { config: configuration, problems } = readResolved(built, Object.fromEntries(variables));
  const log = jsonLog(configuration.log.level, (line) => console.log(line), Date.now);
  const runtime = workerRuntime((event) => logEvent(log, event));
  const readPassword = secretReader(variables);
  for (const { path, message } of problems) {
    log.event('error', 'variable ignored', { variable: path, reason: message });
  }
  runtime.waitUntil(
    unreadableAccounts(configuration.upstreams, { readPassword }).then((unreadable) => {
      for (const password of unreadable) log.event('error', 'password unreadable', { ...password });
    }),
  );
  return {
    ports: openStores(environment, runtime, configuration),
    runtime,
    log,
    fetch: workerFetch,
    readPassword,
    // Clients cannot follow a fill in another invocation, and a Worker can stream blobs of any size.
    missingBlobs: passThroughAll,
    upkeep,
    evictionSteps,
    urlLife: bucketUrlLife,
    usageDelay,
    configuration,
  };
}

/** Passwords are secrets of the Worker. */
function secretReader(secrets: ReadonlyMap<string, string>): Platform['readPassword'] {
  return async (place) => {
    if (!('env' in place)) throw new Error('a Worker only reads passwords from its secrets');
    const password = secrets.get(place.env);
    if (password === undefined) throw new Error(`the secret ${place.env} is not set`);
    return password;
  };
}

function openStores(
  environment: WorkerEnvironment,
  runtime: Runtime,
  { clients }: Pick<Config, 'clients'>,
): Ports {
  const { DB, BUCKET, FILLS } = environment;
  const { now } = runtime;
  return {
    manifests: d1ManifestStore(DB, { large: r2LargeValues(BUCKET), now }),
    blobs: r2BlobStore(BUCKET, DB, {
      now,
      sign: signedUrls(environment, now),
      longestUrlLife: longestUrlLife(clients, bucketUrlLife),
    }),
    leases: new D1Leases(DB, now),
    ledger: new D1Ledger(DB, runtime),
    queue: new QueuesFillQueue(FILLS),
  };
}

/** Undefined unless everything for redirects is configured. */
function signedUrls(environment: WorkerEnvironment, now: () => number): SignUrl | undefined {
  const {
    R2_ACCESS_KEY_ID: accessKeyId,
    R2_SECRET_ACCESS_KEY: secretAccessKey,
    R2_ENDPOINT: endpoint,
    R2_BUCKET: bucket,
  } = environment;
  if (!accessKeyId || !secretAccessKey || !endpoint || !bucket) return undefined;
  return r2SignedUrls({ endpoint, bucket, accessKeyId, secretAccessKey, now });
}
