import { passThroughAll } from '../core/mirror/blobs/fill-behind.ts';
import type { Ports } from '../core/mirror/context.ts';
import { createMirror, type RunningMirror } from '../core/mirror/create-mirror.ts';
import { createRegistry, type Registry } from '../core/registry/app.ts';
import { variablesOf, type WorkerEnvironment } from './bindings.ts';
import { withVariables } from './config/overrides.ts';
import type { WorkerConfiguration } from './config/worker-configuration.ts';
import { type Log, openLog } from './observe.ts';
import { openStores } from './open-stores.ts';
import { missingSecrets, openUpstreams } from './open-upstreams.ts';
import { workerRuntime } from './workerd/runtime.ts';

/** What one isolate answers with. */
export interface OpenedMirror {
  readonly registry: Registry;
  readonly ports: Ports;
  readonly log: Log;
  readonly version: string;
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
  const { limits, version } = configuration;
  const log = openLog(configuration.log.level);
  for (const variable of ignored) log.line('error', 'variable ignored', { variable });
  for (const secret of missingSecrets(configuration, variables)) {
    log.line('error', 'secret missing', { secret });
  }
  const runtime = workerRuntime((event) => log.event(event));
  const ports = openStores(environment, runtime);
  const upstreams = openUpstreams(configuration, variables, ports.ledger, runtime);
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
    onError: (error) => log.line('error', 'unexpected', { error: describe(error) }),
  });
  const { fillTime } = configuration.cloudflare;
  return { registry, ports, log, version, fillTime, openFiller: open };
}

/** Where an unexpected error came from matters more than a short line. */
function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
