import type { Config } from '../config/resolve.ts';
import { createMirror, type RunningMirror } from '../mirror/create-mirror.ts';
import { errorText } from '../observe/log.ts';
import { createRegistry, type Registry } from '../registry/create-registry.ts';
import { openUpstreams } from '../sources/open-sources.ts';
import { type App, type AppParts, createApp, type Health } from './app.ts';
import type { Platform } from './platform.ts';

/** A mirror and its HTTP surface. */
export interface Service {
  readonly mirror: RunningMirror;
  /** Answers every request. */
  readonly app: App;
  /** What the app mounts at the registry's paths, for a platform that goes a shorter way there. */
  readonly registry: Registry;
  /**
   * Another mirror, for the fills of one invocation, where the platform ties streams and signals to
   * the invocation that made them. The upstreams' tokens are shared.
   */
  createFiller(): RunningMirror;
  /** Takes another configuration for the requests and fills that begin from now on. */
  reconfigure(config: ServiceConfig): void;
  /** From now on `/healthz` says that no new clients should come. */
  startClosing(): void;
  /** Writes to the log what should not happen. */
  unexpected(error: unknown): void;
}

/** What a service takes from the configuration. */
export type ServiceConfig = Pick<Config, 'defaultUpstream' | 'upstreams' | 'limits'>;

/** Composes the mirror that a configuration describes on a platform. Sends nothing yet. */
export function createService(
  config: ServiceConfig,
  platform: Platform,
  pages: Pick<AppParts, 'metrics'> = {},
): Service {
  const { ports, runtime, log, missingBlobs, markInterval, evictionSteps } = platform;
  const configured = ({ upstreams, limits: { maxBlobBytes, storeBytes } }: ServiceConfig) => ({
    upstreams: openUpstreams(upstreams, {
      fetch: platform.fetch,
      runtime,
      ledger: ports.ledger,
      readPassword: (place) => platform.readPassword(place),
    }),
    limits: { maxBlobBytes, storeBytes },
  });
  const options = {
    ...configured(config),
    memoryBytes: config.limits.memoryBytes,
    markInterval,
    missingBlobs,
    evictionSteps,
  };
  const createFiller = () => createMirror(options, ports, runtime);
  const mirror = createFiller();
  const unexpected = (error: unknown) =>
    log.event('error', 'unexpected', { error: errorText(error) });
  const registryOf = ({ defaultUpstream }: ServiceConfig) =>
    createRegistry(mirror, { defaultRegistry: defaultUpstream, onError: unexpected });
  let configuredRegistry = registryOf(config);
  const registry: Registry = (request) => configuredRegistry(request);
  let health: Health = 'ok';
  return {
    mirror,
    app: createApp({ ...pages, registry, health: () => health, unexpected }),
    registry,
    createFiller,
    reconfigure(changed) {
      mirror.reconfigure(configured(changed));
      configuredRegistry = registryOf(changed);
    },
    startClosing() {
      health = 'closing';
    },
    unexpected,
  };
}
