import type { Config } from '../config/resolve.ts';
import { createMirror, type RunningMirror } from '../mirror/create-mirror.ts';
import { errorText } from '../observe/log.ts';
import { createRegistry, type Registry } from '../registry/create-registry.ts';
import { openUpstreams } from '../sources/open-sources.ts';
import { type App, type AppParts, createApp } from './app.ts';
import type { Health } from './health.ts';
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
  /** From now on `/healthz` says that no new clients should come. */
  startClosing(): void;
  /** Writes to the log what should not happen. */
  unexpected(error: unknown): void;
}

/** Composes the mirror that a configuration describes on a platform. Sends nothing yet. */
export function createService(
  config: Pick<Config, 'defaultUpstream' | 'upstreams' | 'limits'>,
  platform: Platform,
  pages: Pick<AppParts, 'metrics'> = {},
): Service {
  const { ports, runtime, log, missingBlobs, markInterval, evictionSteps } = platform;
  const { maxBlobBytes, storeBytes, memoryBytes } = config.limits;
  const options = {
    upstreams: openUpstreams(config.upstreams, {
      fetch: platform.fetch,
      runtime,
      ledger: ports.ledger,
      readPassword: (place) => platform.readPassword(place),
    }),
    limits: { maxBlobBytes, storeBytes },
    memoryBytes,
    markInterval,
    missingBlobs,
    evictionSteps,
  };
  const createFiller = () => createMirror(options, ports, runtime);
  const mirror = createFiller();
  const unexpected = (error: unknown) =>
    log.event('error', 'unexpected', { error: errorText(error) });
  const registry = createRegistry(mirror, {
    defaultRegistry: config.defaultUpstream,
    onError: unexpected,
  });
  let health: Health = 'ok';
  return {
    mirror,
    app: createApp({ ...pages, registry, health: () => health, unexpected }),
    registry,
    createFiller,
    startClosing() {
      health = 'closing';
    },
    unexpected,
  };
}
