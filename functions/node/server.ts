import type { AddressInfo } from 'node:net';
import type { Environment } from '../core/config/environment.ts';
import type { ParsedConfig } from '../core/config/parse-config.ts';
import { problemText } from '../core/config/problems.ts';
import type { Config } from '../core/config/resolve.ts';
import { encode } from '../core/config/resolved.ts';
import { authorityOf } from '../core/config/units.ts';
import { logEvent } from '../core/observe/event-line.ts';
import { reasonOf } from '../core/ports/tolerate.ts';
import { createService } from '../core/service/create-service.ts';
import type { SignInReader } from '../core/sources/accounts/sign-in.ts';
import { unreadableAccounts } from '../core/sources/open-sources.ts';
import type { CertificateCheck } from './http/certificate.ts';
import { createHandler } from './http/handler.ts';
import { listen } from './http/listener.ts';
import { openConnections } from './http-client.ts';
import { createMetrics, type Metrics } from './observe/metrics.ts';
import { createServerLog, type LogDestination } from './observe/server-log.ts';
import { standardOutput } from './observe/standard-output.ts';
import { rememberedRateLimits } from './observe/store-metrics.ts';
import { wantsColor } from './observe/terminal-line.ts';
import { lowFileLimit } from './open-file-limit.ts';
import { nodeRuntime } from './runtime.ts';
import type { OpenPlatform, ServerPlatform } from './server-platform.ts';
import { signInReader } from './sign-in/sign-in-reader.ts';

/** What a server takes from its process. */
export interface ServerOptions {
  /** For passwords and proxies. Default: `process.env`. */
  readonly environment?: Environment;
  /** Signs in to Amazon ECR. */
  readonly readEcr?: SignInReader | undefined;
  /** Default: standard output. */
  readonly logTo?: LogDestination;
  /** True if the log goes to a terminal. */
  readonly terminal?: boolean;
}

/** A listening server. */
export interface RunningServer {
  /** The path of a Unix socket has the port -1. */
  readonly address: AddressInfo;
  /** `http://127.0.0.1:5000`, `unix:/run/pullfront.sock` */
  readonly url: string;
  /** Where the data is, as shown to people. */
  readonly place: string;
  /** Logs an error that nothing handled. */
  unexpected(error: unknown): void;
  /**
   * Applies a changed configuration to new requests and fills. A configuration with mistakes changes
   * nothing. The log lists the mistakes, or the keys that need a restart. Does not reject.
   */
  reload(load: () => Promise<ParsedConfig>): Promise<void>;
  /**
   * Finishes the answers in flight, stops the fills and closes the store; may be called twice.
   * Rejects if the store could not save the last counters; blobs and manifests are safe then.
   */
  close(): Promise<void>;
}

/** How often a server looks for images to evict and for pinned tags to confirm, in ms. */
const upkeepInterval = 60_000;

/** Starts the server on a platform. Rejects with the error of a store or of the network. */
export async function startServer(
  config: Config,
  openPlatform: OpenPlatform,
  options: ServerOptions = {},
): Promise<RunningServer> {
  const { environment = process.env, terminal = false } = options;
  // People watch a terminal; elsewhere batches save time.
  const { logTo = standardOutput(terminal ? { delay: 0 } : {}) } = options;
  const color = wantsColor(environment, terminal);
  const log = createServerLog(config.log, logTo, { terminal, color });
  const lowLimit = lowFileLimit();
  if (lowLimit !== undefined) log.event('warn', 'open file limit too low', { ...lowLimit });
  const metrics = createMetrics();
  const { runtime, settled } = nodeRuntime((event) => {
    metrics.observe(event);
    logEvent(log, event);
  });
  const connections = openConnections(environment, { systemStore: true });
  const undo = [() => connections.close()];
  try {
    const { fetch } = connections;
    const opened = await openPlatform({ environment, runtime, log, fetch });
    const platform = { ...opened, readSignIn: signInReader(environment, options.readEcr) };
    undo.unshift(() => platform.close());
    const { ports, fillsHere, place, bound } = platform;
    // Without its password the mirror could not pull what is private.
    const unreadable = await passwordMistakes(config, platform);
    if (unreadable.length > 0) throw new Error(unreadable.join('; '));
    await attachMetrics(metrics, platform, config);
    const service = createService(config, platform, { metrics: () => metrics.page() });
    const { mirror } = service;
    metrics.attachBudgets(() => mirror.budgets());
    const handler = createHandler({
      service,
      log,
      metrics,
      served: (bytes) => ports.ledger.count({ bytesServed: bytes }),
    });
    const logCertificate = (check: CertificateCheck) => {
      if (check.kind === 'changed') log.event('info', 'certificate reloaded', {});
      if (check.kind === 'expiring')
        log.event('warn', 'certificate expires', { reason: check.reason });
      if (check.kind !== 'unusable') return;
      log.event('error', 'certificate not reloaded', { reason: check.reason });
    };
    const listener = await listen(config, handler, logCertificate);
    const evict = () => {
      if (fillsHere) runtime.waitUntil(mirror.evict());
    };
    // Without pulls and fills nothing else looks for what is past its time.
    const upkeep = setInterval(() => {
      evict();
      runtime.waitUntil(mirror.confirmPins());
    }, upkeepInterval);
    upkeep.unref();
    bound?.evictBy(() => mirror.evict());
    if (fillsHere) ports.queue.start((job, _, delivery) => mirror.handleFill(job, { delivery }));
    evict();
    let { shutdownTimeout } = config;
    const close = async () => {
      clearInterval(upkeep);
      service.startClosing();
      await listener.close(shutdownTimeout);
      try {
        // The fills end before the store that they write to.
        await Promise.all([mirror.stop(), ports.queue.stop()]);
        await service.flushUsage();
        await settled();
        await platform.close();
      } finally {
        await connections.close();
        log.flush();
      }
    };
    const reload = async (load: () => Promise<ParsedConfig>) => {
      const parsed = await load();
      const mistakes =
        'problems' in parsed
          ? parsed.problems.map(problemText)
          : await passwordMistakes(parsed.ok, platform);
      for (const mistake of mistakes) log.event('error', 'configuration not reloaded', { mistake });
      if ('problems' in parsed || mistakes.length > 0) return;
      service.reconfigure(parsed.ok);
      bound?.resize(parsed.ok.limits.storeBytes);
      const certificate = await listener.reloadCertificate(parsed.ok.tls);
      if (certificate.kind === 'unusable') logCertificate(certificate);
      const needsRestart = keysForRestart(config, parsed.ok).join(', ') || undefined;
      log.event('info', 'configuration reloaded', { needsRestart });
      ({ shutdownTimeout } = parsed.ok);
      evict();
    };
    let closing: Promise<void> | undefined;
    const { address } = listener;
    const scheme = config.tls === undefined ? 'http' : 'https';
    return {
      address,
      url:
        address.port < 0
          ? `unix:${address.address}`
          : `${scheme}://${authorityOf({ host: address.address, port: address.port })}`,
      place,
      unexpected: service.unexpected,
      reload: (load) => reload(load).catch(service.unexpected),
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

async function passwordMistakes(
  { upstreams }: Config,
  platform: ServerPlatform,
): Promise<string[]> {
  const unreadable = await unreadableAccounts(upstreams, platform);
  return unreadable.map(
    ({ registry, reason }) => `cannot read the password for ${registry}: ${reason}`,
  );
}

/** Adds the metrics of the stores, and the rate limits that they remember. */
async function attachMetrics(
  metrics: Metrics,
  { ports, runtime }: ServerPlatform,
  { upstreams }: Config,
): Promise<void> {
  metrics.attach(ports);
  try {
    for (const event of await rememberedRateLimits(ports.ledger, upstreams)) metrics.observe(event);
  } catch (error) {
    // While its index is down, a mirror still serves from its upstreams.
    runtime.observe({ kind: 'store-failed', operation: 'rateLimits', reason: reasonOf(error) });
  }
}

/** The keys that a running server applies when they change; all others need a restart. */
const reloadable: readonly string[] = [
  'defaultUpstream',
  'upstreams',
  'networks',
  'trustProxy',
  'clients',
  'shutdownTimeout',
  'limits.maxBlobBytes',
  'limits.storeBytes',
];

/** The keys that differ between two configurations and need a restart. */
function keysForRestart(before: Config, after: Config): string[] {
  const changed = (one: object, other: object, prefix: string): string[] =>
    Object.keys({ ...one, ...other }).flatMap((key) => {
      const path = prefix + key;
      const [was, is] = [Reflect.get(one, key), Reflect.get(other, key)];
      if (reloadable.includes(path) || comparable(was) === comparable(is)) return [];
      // Other files are read at once; only switching between http and https needs a new listener.
      if (key === 'tls' && was !== undefined && is !== undefined) return [];
      return key === 'limits' ? changed(was, is, `${path}.`) : [path];
    });
  return changed(before, after, '');
}

/** A value as text in which URLs, patterns and maps can be compared. */
function comparable(value: unknown): string {
  return JSON.stringify(encode(value) ?? null);
}
