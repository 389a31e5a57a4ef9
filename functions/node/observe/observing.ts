import { logEvent } from '../../core/observe/event-line.ts';
import type { Log } from '../../core/observe/log.ts';
import type { BlobStore } from '../../core/ports/blob-store.ts';
import type { MirrorEvent } from '../../core/ports/event.ts';
import type { Ledger } from '../../core/ports/ledger.ts';
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
  /** Connects the stores, and shows what they remember of rate limits. Does not reject. */
  attach(stores: Observed): Promise<void>;
}

const nothing = { pullsServed: 0, pullsAvoided: 0, pullsMade: 0, bytesServed: 0, bytesFetched: 0 };

/** What was read last, while a store fails: the other metrics are wanted all the more then. */
function lastKnown<Value>(
  read: () => Promise<Value | undefined>,
  first: Value,
): () => Promise<Value> {
  let last = first;
  return async () => {
    last = (await read().catch(() => undefined)) ?? last;
    return last;
  };
}

/** Opens the metrics beside a log. They come before the stores, which report to them too. */
export function openObserving(log: Log): Observing {
  let observed: Observed | undefined;
  const metrics = openMetrics({
    storeBytes: lastKnown(async () => observed?.blobs.usedBytes(), 0),
    counters: lastKnown(async () => observed?.ledger.counters(), nothing),
  });
  return {
    metrics,
    observe(event) {
      metrics.observe(event);
      logEvent(log, event);
    },
    async attach(stores) {
      observed = stores;
      const limits = await stores.ledger.rateLimits().catch((error: unknown) => {
        // A mirror that starts while its index is down serves from its upstreams.
        log.event('warn', 'store failed', { operation: 'read rate limits', reason: String(error) });
        return [];
      });
      // An index that was written before has user names here: the one seen last is the account now.
      for (const { registry, account, rate } of [...limits].sort((a, b) => a.seen - b.seen)) {
        const credentials = account === 'anonymous' ? account : 'account';
        metrics.observe({ kind: 'rate-limit', registry, credentials, rate });
      }
    },
  };
}
