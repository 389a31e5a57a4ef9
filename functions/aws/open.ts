import type { Environment } from '../core/config/environment.ts';
import { awaitLarge } from '../core/mirror/blobs/await-fill.ts';
import { billedMarkInterval, type Platform } from '../core/service/platform.ts';
import { passwordReader } from '../node/password.ts';
import { nodeRuntime } from '../node/runtime.ts';
import type { FunctionConfig } from './configuration.ts';
import { observeEvent } from './metrics/event-metrics.ts';
import { type MetricLedger, metricLedger } from './metrics/metric-ledger.ts';
import { createMetricLog, type MetricLog } from './metrics/metric-log.ts';
import { type AwsStores, openStores } from './stores.ts';

/** What a function takes from its process. */
export interface FunctionProcess extends Pick<Platform, 'fetch'> {
  readonly environment: Environment;
  /** Takes whole lines of the log, without their end. */
  write(line: string): void;
}

/** What an instance of a function runs on. */
export interface FunctionPlatform extends Platform {
  readonly log: MetricLog;
  readonly stores: AwsStores;
  /** Of `ports`: what it counts becomes metrics. */
  readonly ledger: MetricLedger;
  /** Ends what outlives an answer, or leaves it to the next event after so many ms. */
  settled(milliseconds: number): Promise<void>;
}

/**
 * How many blobs and manifests an invocation looks at for eviction: each takes about six calls, one
 * after another, which are ten seconds for all.
 */
const evictionSteps = 300;

/** Opens the platform of an instance. Nothing is sent yet. */
export function openPlatform(config: FunctionConfig, process: FunctionProcess): FunctionPlatform {
  const { environment, fetch, write } = process;
  const { passThroughBytes, fillWait } = config.aws;
  const log = createMetricLog(config.log.level, write, Date.now);
  const { runtime, settled } = nodeRuntime((event) => observeEvent(log, event));
  const stores = openStores(config.aws, environment);
  const ledger = metricLedger(stores.ledger, runtime);
  const { manifests, blobs, leases, queue } = stores;
  return {
    ports: { manifests, blobs, leases, queue, ledger },
    runtime,
    log,
    fetch,
    readPassword: passwordReader(environment, stores.readSecret),
    missingBlobs: awaitLarge({ passThroughBytes, wait: fillWait }),
    markInterval: billedMarkInterval,
    evictionSteps,
    stores,
    ledger,
    settled,
  };
}
