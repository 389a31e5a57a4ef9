import { passThroughAll } from '../core/mirror/blobs/fill-behind.ts';
import { createMirror, type RunningMirror } from '../core/mirror/create-mirror.ts';
import { logEvent } from '../core/observe/event-line.ts';
import { jsonLog, type Log } from '../core/observe/log.ts';
import type { Ports } from '../core/ports/ports.ts';
import type { Runtime } from '../core/ports/runtime.ts';
import { createRegistry, type Registry } from '../core/registry/app.ts';
import {
  openUpstreams,
  type UpstreamPlatform,
  unreadablePasswords,
} from '../core/sources/open-sources.ts';
import { variablesOf, type WorkerEnvironment } from './bindings.ts';
import { type WorkerConfiguration, withVariables } from './config/overrides.ts';
import { D1Leases } from './d1/leases.ts';
import { D1Ledger } from './d1/ledger.ts';
import { d1ManifestStore } from './d1/manifest-store.ts';
import { QueuesFillQueue } from './queues/fill-queue.ts';
import { r2BlobStore } from './r2/blob-store.ts';
import { R2LargeValues } from './r2/large-values.ts';
import { R2SignedUrls } from './r2/signed-urls.ts';
import { workerFetch } from './workerd/fetch.ts';
import { workerRuntime } from './workerd/runtime.ts';

/** What one isolate answers with. */
export interface OpenedMirror {
  readonly registry: Registry;
  readonly ports: Ports;
  readonly log: Log;
  /** How long an invocation fills, in ms. */
  readonly fillTime: number;
  /**
   * A mirror for the fills of one invocation: a fill holds streams and signals, which workerd ties
   * to the invocation that made them. The upstreams' tokens are shared with the other mirrors.
   */
  openFiller(): RunningMirror;
}

/** A mark of a pull is repeated after a day at the earliest, in ms: D1 bills what is written. */
const markInterval = 86_400_000;

/**
 * How many blobs and manifests an invocation looks at for eviction: a blob takes three statements of
 * D1 at most and a manifest five, and an invocation has 1,000, of which its fill needs a few too.
 */
export const evictionSteps = 150;

/** Assembles the mirror of an isolate. Must be called within a request; sends nothing yet. */
export function openMirror(
  built: WorkerConfiguration,
  environment: WorkerEnvironment,
): OpenedMirror {
  const variables = variablesOf(environment);
  const { configuration, ignored } = withVariables(built, variables);
  const { limits } = configuration;
  const log = jsonLog(configuration.log.level, (line) => console.log(line), Date.now);
  for (const variable of ignored) log.event('error', 'variable ignored', { variable });
  const runtime = workerRuntime((event) => logEvent(log, event));
  const readPassword = secretReader(variables);
  runtime.waitUntil(
    unreadablePasswords(configuration.upstreams, readPassword).then((unreadable) => {
      for (const password of unreadable) log.event('error', 'password unreadable', { ...password });
    }),
  );
  const ports = openStores(environment, runtime);
  const upstreams = openUpstreams(configuration.upstreams, {
    fetch: workerFetch,
    runtime,
    ledger: ports.ledger,
    readPassword,
  });
  const options = {
    upstreams,
    limits,
    memoryBytes: limits.memoryBytes,
    markInterval,
    // Nobody can follow a fill here, and a Worker's answers are not bounded.
    missingBlobs: passThroughAll,
    evictionSteps,
  };
  const open = () => createMirror(options, ports, runtime);
  const registry = createRegistry(open(), {
    defaultRegistry: configuration.defaultUpstream,
    onError: (error) => log.event('error', 'unexpected', { error: describe(error) }),
  });
  const { fillTime } = configuration.cloudflare;
  return { registry, ports, log, fillTime, openFiller: open };
}

/** Passwords are secrets of the Worker. */
function secretReader(secrets: ReadonlyMap<string, string>): UpstreamPlatform['readPassword'] {
  return async (place) => {
    if (!('env' in place)) throw new Error('a Worker reads passwords from its own secrets only');
    const password = secrets.get(place.env);
    if (password === undefined) throw new Error(`the secret ${place.env} is not set`);
    return password;
  };
}

/** Where an unexpected error came from matters more than a short line. */
function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Opens the stores of a Worker; sends nothing yet. */
function openStores(environment: WorkerEnvironment, runtime: Runtime): Ports {
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
