import type { AddressInfo } from 'node:net';
import type { Environment } from '../core/config/environment.ts';
import type { ParsedConfig } from '../core/config/parse-config.ts';
import { problemText } from '../core/config/problems.ts';
import type { Config } from '../core/config/resolve.ts';
import { encode } from '../core/config/resolved.ts';
import { authorityOf } from '../core/config/units.ts';
import { logEvent } from '../core/observe/event-line.ts';
import type { Log } from '../core/observe/log.ts';
import { reasonOf } from '../core/ports/tolerate.ts';
import { createService, type Service } from '../core/service/create-service.ts';
import { unreadablePasswords } from '../core/sources/open-sources.ts';
import { createHandler } from './http/handler.ts';
import { listen } from './http/listener.ts';
import { openConnections } from './http-client.ts';
import { createMetrics, type Metrics } from './observe/metrics.ts';
import { createServerLog, type LogDestination } from './observe/server-log.ts';
import { standardOutput } from './observe/standard-output.ts';
import { rememberedRateLimits } from './observe/store-metrics.ts';
import { nodeRuntime } from './runtime.ts';
import type { OpenPlatform, ServerPlatform } from './server-platform.ts';

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
   * Takes a changed configuration for what begins from now on, or stays with the one it has when
   * there are mistakes; the log says which, and what needs a restart. Does not reject.
   */
  reload(read: () => Promise<ParsedConfig>): Promise<void>;
  /**
   * Answers what is in flight, stops the fills and closes the store; may be called twice. Rejects
   * when the store could not write what was left: counters, and no blob or manifest.
   */
  close(): Promise<void>;
}

/** Starts the server on a platform. Rejects with the error of a store or of the network. */
export async function startServer(
  config: Config,
  openPlatform: OpenPlatform,
  options: ServerOptions = {},
): Promise<RunningServer> {
  const { environment = process.env, logTo = standardOutput(), terminal = false } = options;
  const log = createServerLog(config.log, logTo, terminal);
  const metrics = createMetrics();
  const { runtime, settled } = nodeRuntime((event) => {
    metrics.observe(event);
    logEvent(log, event);
  });
  const connections = openConnections(environment);
  const undo = [() => connections.close()];
  try {
    const { fetch } = connections;
    const platform = await openPlatform({ environment, runtime, log, fetch });
    undo.unshift(() => platform.close());
    await checkPasswords(config, platform);
    await attachMetrics(metrics, platform);
    const service = createService(config, platform, { metrics: () => metrics.page() });
    const handler = createHandler({
      service,
      log,
      metrics,
      served: (bytes) => platform.ports.ledger.count({ bytesServed: bytes }),
    });
    const listener = await listen(config, handler);
    startWork(service, platform);
    const { address } = listener;
    const scheme = config.tls === undefined ? 'http' : 'https';
    let running = config;
    const close = async () => {
      service.startClosing();
      await listener.close(running.shutdownTimeout);
      try {
        await stopWork(service, platform, settled);
      } finally {
        await connections.close();
        log.flush();
      }
    };
    let closing: Promise<void> | undefined;
    const reload = async (read: () => Promise<ParsedConfig>) => {
      try {
        const parsed = await read();
        if ('problems' in parsed) return refuseReload(log, parsed.problems.map(problemText));
        const unreadable = await unreadableReasons(parsed.ok, platform);
        if (unreadable.length > 0) return refuseReload(log, unreadable);
        service.reconfigure(parsed.ok);
        const needsRestart = keysForRestart(config, parsed.ok).join(', ') || undefined;
        log.event('info', 'configuration reloaded', { needsRestart });
        running = parsed.ok;
        if (platform.fillsHere) runtime.waitUntil(service.mirror.evict());
      } catch (error) {
        service.unexpected(error);
      }
    };
    return {
      address,
      url: `${scheme}://${authorityOf({ host: address.address, port: address.port })}`,
      place: platform.place,
      unexpected: service.unexpected,
      reload,
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

/** A server does not start with a password that cannot be read: it could not pull what is private. */
async function checkPasswords(config: Config, platform: ServerPlatform): Promise<void> {
  const reasons = await unreadableReasons(config, platform);
  if (reasons.length > 0) throw new Error(reasons.join('; '));
}

async function unreadableReasons(
  { upstreams }: Config,
  platform: ServerPlatform,
): Promise<string[]> {
  const unreadable = await unreadablePasswords(upstreams, (place) => platform.readPassword(place));
  return unreadable.map(
    ({ registry, reason }) => `the password of ${registry} cannot be read: ${reason}`,
  );
}

function refuseReload(log: Log, mistakes: readonly string[]): void {
  for (const mistake of mistakes) log.event('error', 'configuration not reloaded', { mistake });
}

/** Shows in the metrics what the stores have, and what they remember of rate limits. */
async function attachMetrics(metrics: Metrics, { ports, runtime }: ServerPlatform): Promise<void> {
  metrics.attach(ports);
  try {
    for (const event of await rememberedRateLimits(ports.ledger)) metrics.observe(event);
  } catch (error) {
    // A mirror that starts while its index is down serves from its upstreams.
    runtime.observe({ kind: 'store-failed', operation: 'rateLimits', reason: reasonOf(error) });
  }
}

/** Begins to fill, and to look after the bound of what is stored. */
function startWork({ mirror }: Service, { ports, runtime, fillsHere }: ServerPlatform): void {
  if (!fillsHere) return;
  ports.queue.start((job, _, delivery) => mirror.handleFill(job, { delivery }));
  runtime.waitUntil(mirror.evict());
}

/** The fills first: they write to the store. */
async function stopWork(
  { mirror }: Service,
  platform: ServerPlatform,
  settled: () => Promise<void>,
): Promise<void> {
  await Promise.all([mirror.stop(), platform.ports.queue.stop()]);
  await settled();
  await platform.close();
}

/** The keys that a running server takes from a changed file; all others need a restart. */
const live: readonly string[] = [
  'defaultUpstream',
  'upstreams',
  'shutdownTimeout',
  'limits.maxBlobBytes',
  'limits.storeBytes',
];

/** The keys that differ between two configurations and that a running server cannot change. */
function keysForRestart(before: Config, after: Config): string[] {
  const changed = (one: object, other: object, prefix: string): string[] =>
    [...new Set([...Object.keys(one), ...Object.keys(other)])].flatMap((key) => {
      const path = prefix + key;
      const [was, is] = [Reflect.get(one, key), Reflect.get(other, key)];
      if (live.includes(path) || text(was) === text(is)) return [];
      const isSection = key === 'limits' && typeof is === 'object' && is !== null;
      return isSection ? changed(was, is, `${path}.`) : [path];
    });
  return changed(before, after, '');
}

/** In which URLs, patterns and maps can be compared. */
function text(value: unknown): string {
  return JSON.stringify(encode(value) ?? null);
}
