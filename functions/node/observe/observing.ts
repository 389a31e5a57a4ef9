import type { MirrorEvent } from '../../core/mirror/mirror-event.ts';
import type { BlobStore } from '../../core/ports/blob-store.ts';
import type { Ledger } from '../../core/ports/ledger.ts';
import { logEvent } from './event-log.ts';
import type { Log } from './log.ts';
import { type Metrics, openMetrics } from './metrics.ts';

/** What is read from the stores for the metrics. */
interface Observed {
  readonly blobs: Pick<BlobStore, 'usedBytes'>;
  readonly ledger: Pick<Ledger, 'counters' | 'rateLimits'>;
}

/** The log and the metrics as one observer. */
export interface Observing {
  readonly metrics: Metrics;
  observe(event: MirrorEvent): void;
  /** Connects the stores, and shows what they remember of rate limits. */
  attach(stores: Observed): Promise<void>;
}

const nothing = { pullsServed: 0, pullsAvoided: 0, pullsMade: 0, bytesServed: 0, bytesFetched: 0 };

/** Opens the metrics beside a log. They come before the stores, which report to them too. */
export function openObserving(log: Log): Observing {
  let observed: Observed | undefined;
  const metrics = openMetrics({
    storeBytes: async () => (await observed?.blobs.usedBytes()) ?? 0,
    counters: async () => (await observed?.ledger.counters()) ?? nothing,
  });
  return {
    metrics,
    observe(event) {
      metrics.observe(event);
      logEvent(log, event);
    },
    async attach(stores) {
      observed = stores;
      for (const { registry, account, rate } of await stores.ledger.rateLimits()) {
        metrics.observe({ kind: 'rate-limit', registry, account, rate });
      }
    },
  };
}
