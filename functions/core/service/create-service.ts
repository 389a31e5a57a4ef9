import { Clients } from '../clients/clients.ts';
import { LimitReports } from '../clients/limit-reports.ts';
import { MonthUsage } from '../clients/month-usage.ts';
import { PullCounts } from '../clients/pull-counts.ts';
import type { Config } from '../config/resolve.ts';
import { createMirror, type RunningMirror } from '../mirror/create-mirror.ts';
import { errorText } from '../observe/log.ts';
import { tolerate } from '../ports/tolerate.ts';
import { ClientConsumption } from '../registry/client-consumption.ts';
import { createRegistry, type Registry } from '../registry/create-registry.ts';
import { Budgets } from '../sources/budget/budgets.ts';
import { openUpstreams } from '../sources/open-sources.ts';
import { type App, type AppOptions, createApp, type Health } from './app.ts';
import type { Platform } from './platform.ts';

/** A mirror and its HTTP surface. */
export interface Service {
  readonly mirror: RunningMirror;
  readonly app: App;
  /** The registry that the app mounts, for a platform that calls it directly. */
  readonly registry: Registry;
  /**
   * Another mirror that shares the upstreams' tokens, for the fills of one invocation: some platforms
   * tie streams and signals to the invocation that created them.
   */
  createFiller(): RunningMirror;
  /** Applies another configuration to requests and fills that begin from now on. */
  reconfigure(config: ServiceConfig): void;
  /** Writes what clients consumed, and who spent pulls. Does not reject. */
  flushUsage(): Promise<void>;
  /** From now on `/healthz` answers 503, so that no new clients come. */
  startClosing(): void;
  /** Logs an unexpected error. */
  unexpected(error: unknown): void;
}

/** The part of the configuration that a service uses. */
export type ServiceConfig = Pick<
  Config,
  'defaultUpstream' | 'upstreams' | 'limits' | 'budget' | 'networks' | 'trustProxy' | 'clients'
>;

/**
 * The shortest time between two records of a pull, in ms. Each may cost several writes, and eviction
 * cannot tell images apart that were pulled within it.
 */
const hour = 3_600_000;

/** How long a URL of the bucket is valid, in ms. */
const usualUrlLife = 1_200_000;

/** Creates the mirror of a configuration on a platform. Sends no request yet. */
export function createService(
  config: ServiceConfig,
  platform: Platform,
  pages: Pick<AppOptions, 'metrics'> = {},
): Service {
  const { ports, runtime, log, missingBlobs, markInterval = hour, evictionSteps } = platform;
  const mirrorOptions = ({ upstreams, limits: { maxBlobBytes, storeBytes } }: ServiceConfig) => ({
    upstreams: openUpstreams(upstreams, {
      fetch: platform.fetch,
      runtime,
      readPassword: (place) => platform.readPassword(place),
      readSignIn: platform.readSignIn,
      budgets,
    }),
    limits: { maxBlobBytes, storeBytes },
  });
  const observe = runtime.observe.bind(runtime);
  const budgets = new Budgets({
    leases: tolerate(ports.leases, observe),
    ledger: tolerate(ports.ledger, observe),
    runtime,
    isShared: missingBlobs.otherInstancesFill,
    spendingDelay: platform.usageDelay,
  });
  budgets.reserve = config.budget.reserve;
  const options = {
    ...mirrorOptions(config),
    budgets,
    memoryBytes: config.limits.memoryBytes,
    markInterval,
    missingBlobs,
    evictionSteps,
    upkeep: platform.upkeep,
  };
  const createFiller = () => createMirror(options, ports, runtime);
  const mirror = createFiller();
  const unexpected = (error: unknown) =>
    log.event('error', 'unexpected', { error: errorText(error) });
  const now = () => runtime.now();
  const pulls = new PullCounts();
  const reports = new LimitReports(runtime);
  const { usageDelay: flushDelay, urlLife: bucketUrlLife = usualUrlLife } = platform;
  const usage = new MonthUsage({ ledger: ports.ledger, runtime, flushDelay });
  const registryOf = ({
    defaultUpstream,
    networks,
    trustProxy,
    clients: limits,
  }: ServiceConfig) => {
    const clients = new Clients({ networks, trustProxy }, now);
    const isLimited = Object.keys(limits).length > 0;
    const options = { clients, limits, bucketUrlLife, pulls, usage, reports, now };
    return createRegistry(mirror, {
      clients,
      limits: isLimited ? new ClientConsumption(options) : undefined,
      defaultRegistry: defaultUpstream,
      onError: unexpected,
    });
  };
  let current = registryOf(config);
  const registry: Registry = (request) => current(request);
  let health: Health = 'ok';
  return {
    mirror,
    app: createApp({ ...pages, registry, health: () => health, unexpected }),
    registry,
    createFiller,
    reconfigure(changed) {
      budgets.reserve = changed.budget.reserve;
      mirror.reconfigure(mirrorOptions(changed));
      current = registryOf(changed);
    },
    flushUsage: async () => void (await Promise.all([usage.flush(), budgets.flush()])),
    startClosing() {
      health = 'closing';
    },
    unexpected,
  };
}
