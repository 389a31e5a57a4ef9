import type { Environment } from '../core/config/environment.ts';
import { awaitLarge } from '../core/mirror/blobs/await-fill.ts';
import type { Platform } from '../core/service/platform.ts';
import { recordLives } from '../core/sources/record-lives.ts';
import { passwordReader } from '../node/password.ts';
import { nodeRuntime } from '../node/runtime.ts';
import type { FunctionConfig } from './configuration.ts';
import { observeEvent } from './metrics/event-metrics.ts';
import { type MetricLedger, metricLedger } from './metrics/metric-ledger.ts';
import { createMetricLog, type MetricLog } from './metrics/metric-log.ts';
import { type AwsStores, evictionSteps, type OpenBlobIndex, openStores } from './stores.ts';

/** What a function needs of its process. */
export interface FunctionProcess extends Pick<Platform, 'fetch'> {
  readonly environment: Environment;
  /** Writes a line of the log, which comes without its newline. */
  write(line: string): void;
}

/** The platform of a function's instance. */
export interface FunctionPlatform extends Platform {
  readonly log: MetricLog;
  readonly stores: AwsStores;
  /** The ledger in `ports`, whose counts also become metrics. */
  readonly ledger: MetricLedger;
  /** Waits up to `milliseconds` for background work; the rest resumes with the next event. */
  settled(milliseconds: number): Promise<void>;
}

/** Opens the platform of an instance. Sends nothing yet. */
export function openPlatform(
  config: FunctionConfig,
  process: FunctionProcess,
  openBlobIndex: OpenBlobIndex,
): FunctionPlatform {
  const { environment, fetch, write } = process;
  const { passThroughBytes, fillWait } = config.aws;
  const log = createMetricLog(config.log.level, write, Date.now);
  const { runtime, settled } = nodeRuntime((event) => observeEvent(log, event));
  const stores = openStores(config.aws, environment, {
    openBlobIndex,
    lives: recordLives(config.upstreams),
    clients: config.clients,
  });
  const ledger = metricLedger(stores.ledger, runtime);
  const { manifests, blobs, leases, queue } = stores;
  return {
    ports: { manifests, blobs, leases, queue, ledger },
    runtime,
    log,
    fetch,
    readPassword: passwordReader(environment, stores.readSecret),
    readSignIn: stores.readSignIn,
    missingBlobs: awaitLarge({ passThroughBytes, wait: fillWait }),
    evictionSteps,
    urlLife: config.aws.urlLife,
    stores,
    ledger,
    settled,
  };
}
