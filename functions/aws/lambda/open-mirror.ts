import type { Environment } from '../../core/config/environment.ts';
import { awaitLarge } from '../../core/mirror/blobs/await-fill.ts';
import { createMirror, type RunningMirror } from '../../core/mirror/create-mirror.ts';
import { openUpstreams } from '../../core/sources/open-sources.ts';
import type { UpstreamFetch } from '../../core/upstream/connection.ts';
import { passwordReader } from '../../node/password.ts';
import { nodeRuntime } from '../../node/runtime.ts';
import type { FunctionConfig } from '../config/plain-config.ts';
import { type AwsStores, openStores } from '../open.ts';
import { observeEvent } from './event-metrics.ts';
import { type MetricLedger, metricLedger } from './metric-ledger.ts';
import { createMetricLog, type MetricLog } from './metric-log.ts';

/** What a function takes from its process. */
export interface MirrorParts {
  readonly environment: Environment;
  readonly fetch: UpstreamFetch;
  /** Takes whole lines of the log, without their end. */
  write(line: string): void;
}

/** What an instance of a function works with. */
export interface OpenedMirror {
  readonly mirror: RunningMirror;
  readonly stores: AwsStores;
  readonly ledger: MetricLedger;
  readonly log: MetricLog;
  /** Ends what outlives an answer, or leaves it to the next event after so many ms. */
  settled(milliseconds: number): Promise<void>;
}

/** A mark of a pull is repeated after a day at the earliest, in ms: each costs a write. */
const markInterval = 86_400_000;

/**
 * How many blobs and manifests an invocation looks at for eviction: each takes about six calls, one
 * after another, which are ten seconds for all.
 */
const evictionSteps = 300;

/** Assembles the mirror of an instance. Nothing is sent yet. */
export function openMirror(config: FunctionConfig, parts: MirrorParts): OpenedMirror {
  const { environment, fetch, write } = parts;
  const { aws, limits } = config;
  const log = createMetricLog(config.log.level, write, Date.now);
  const { runtime, settled } = nodeRuntime((event) => observeEvent(log, event));
  const stores = openStores(aws, environment);
  const ledger = metricLedger(stores.ledger, runtime);
  const readPassword = passwordReader(environment, stores.readSecret);
  const upstreams = openUpstreams(config.upstreams, { fetch, ledger, runtime, readPassword });
  const { passThroughBytes, fillWait } = aws;
  const missingBlobs = awaitLarge({ passThroughBytes, wait: fillWait });
  const { memoryBytes } = limits;
  const mirror = createMirror(
    { upstreams, limits, memoryBytes, markInterval, missingBlobs, evictionSteps },
    { ...stores, ledger },
    runtime,
  );
  return { mirror, stores, ledger, log, settled };
}
