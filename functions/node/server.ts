import type { AddressInfo } from 'node:net';
import type { Environment } from '../core/config/environment.ts';
import type { Config } from '../core/config/resolve.ts';
import { version } from '../core/config/version.ts';
import { createMirror, type RunningMirror } from '../core/mirror/create-mirror.ts';
import { logGivenUp } from '../core/observe/event-line.ts';
import { createRegistry } from '../core/registry/app.ts';
import {
  openUpstreams,
  type UnreadablePassword,
  unreadablePasswords,
} from '../core/sources/open-sources.ts';
import { createHandler } from './http/handler.ts';
import { listen } from './http/listener.ts';
import { originOf } from './http/origin.ts';
import { openConnections } from './http-client.ts';
import { openObserving } from './observe/observing.ts';
import { createServerLog, type LogDestination } from './observe/server-log.ts';
import { standardOutput } from './observe/standard-output.ts';
import { passwordReader } from './password.ts';
import { nodeRuntime } from './runtime.ts';
import type { OpenStores, Stores } from './stores.ts';

/** What a server takes from its process. */
export interface ServerOptions {
  /** For passwords and proxies. */
  readonly environment?: Environment;
  /** Standard output by default. */
  readonly logTo?: LogDestination;
  /** Whether a person reads the log as it is written. */
  readonly terminal?: boolean;
}

/** A server that answers. */
export interface RunningServer {
  readonly address: AddressInfo;
  /** `http://127.0.0.1:5000` */
  readonly url: string;
  /** Where everything is kept, for people. */
  readonly place: string;
  /** Writes to the log what went wrong and nobody expected. */
  unexpected(error: unknown): void;
  /**
   * Answers what is in flight, stops the fills and closes the store; may be called twice. Rejects
   * when the store could not write what was left: counters, and no blob or manifest.
   */
  close(): Promise<void>;
}

/** Starts the server over some stores. Rejects with the error of a store or of the network. */
export async function startServer(
  config: Config,
  openStores: OpenStores,
  options: ServerOptions = {},
): Promise<RunningServer> {
  const { environment = process.env, logTo = standardOutput(), terminal = false } = options;
  const log = createServerLog(config.log, logTo, terminal);
  const unexpected = (error: unknown) =>
    log.event('error', 'unexpected', { error: describe(error) });
  const { metrics, observe, attach } = openObserving(log);
  const store = await openStores({
    now: Date.now,
    onGivenUp: (job, reason) => logGivenUp(log, job, reason),
    onProblem: (reason) => log.event('warn', 'store failed', { reason }),
  });
  const connections = openConnections(environment);
  const undo = [() => store.close(), () => connections.close()];
  try {
    await attach(store);
    const { runtime, settled } = nodeRuntime(observe);
    const limits = {
      maxBlobBytes: config.limits.maxBlobBytes,
      storeBytes: config.limits.storeBytes,
    };
    const readPassword = passwordReader(environment, store.readSecret);
    const unreadable = await unreadablePasswords(config.upstreams, readPassword);
    if (unreadable.length > 0) throw new Error(unreadableText(unreadable));
    const { fetch } = connections;
    const { ledger } = store;
    const upstreams = openUpstreams(config.upstreams, { fetch, runtime, ledger, readPassword });
    const mirror = createMirror(
      {
        upstreams,
        limits,
        memoryBytes: config.limits.memoryBytes,
        markInterval: store.markInterval,
        missingBlobs: store.missingBlobs,
      },
      store,
      runtime,
    );
    const registry = createRegistry(mirror, {
      defaultRegistry: config.defaultUpstream,
      onError: unexpected,
    });
    let closing: Promise<void> | undefined;
    const handler = createHandler({
      registry,
      log,
      metrics,
      pages: {
        version,
        isClosing: () => closing !== undefined,
        metrics: () => metrics.text(),
        metricsType: metrics.contentType,
      },
      served: (bytes) => store.ledger.count({ bytesServed: bytes }),
    });
    const listener = await listen(config, handler);
    if (store.fillsHere) {
      store.queue.start((job, _, delivery) => mirror.handleFill(job, { delivery }));
      runtime.waitUntil(mirror.evict());
    }
    const close = async () => {
      await listener.close(config.shutdownTimeout);
      try {
        await stopWork(mirror, store, settled);
      } finally {
        await connections.close();
        log.flush();
      }
    };
    const { address } = listener;
    const { place } = store;
    const scheme = config.tls === undefined ? 'http' : 'https';
    return {
      address,
      url: originOf(scheme, address.address, address.port),
      place,
      unexpected,
      close: () => {
        closing ??= close();
        return closing;
      },
    };
  } catch (error) {
    for (const step of undo) await step().catch(() => undefined);
    throw error;
  }
}

function unreadableText(passwords: readonly UnreadablePassword[]): string {
  return passwords
    .map(({ registry, reason }) => `the password of ${registry} cannot be read: ${reason}`)
    .join('; ');
}

/** The fills first: they write to the store. */
async function stopWork(
  mirror: RunningMirror,
  store: Stores,
  settled: () => Promise<void>,
): Promise<void> {
  await Promise.all([mirror.stop(), store.queue.stop()]);
  await settled();
  await store.close();
}

/** Where an unexpected error came from matters more than a short line. */
function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
