import type { Ledger } from '../../core/ports/ledger.ts';
import type { Runtime } from '../../core/ports/runtime.ts';
import { reasonOf } from '../../core/ports/tolerate.ts';
import { measuredCounts } from './event-metrics.ts';
import type { Measured } from './metric-log.ts';

/** A ledger that keeps its counts in memory until it is told to write them. */
export interface FlushedLedger extends Ledger {
  flush(): Promise<void>;
}

/** A ledger whose counts become metrics as well. */
export interface MetricLedger extends Ledger {
  /** The metrics counted since the last call. */
  take(): Measured[];
  /** Writes the counts unless that was done a minute ago. Does not reject. */
  flushSometimes(): Promise<void>;
}

/** Between two writes of the counts, in ms: each costs as much as an image's whole pull. */
const flushInterval = 60_000;

/** Lets the counts of a ledger be measured, and writes them at most once a minute. */
export function metricLedger(ledger: FlushedLedger, runtime: Runtime): MetricLedger {
  let counted: Measured[] = [];
  let flushed = runtime.now();
  return {
    recordRateLimit: (seen) => ledger.recordRateLimit(seen),
    rateLimits: () => ledger.rateLimits(),
    counters: () => ledger.counters(),
    count(added) {
      counted.push(...measuredCounts(added));
      ledger.count(added);
    },
    take() {
      const taken = counted;
      counted = [];
      return taken;
    },
    async flushSometimes() {
      const now = runtime.now();
      if (now - flushed < flushInterval) return;
      flushed = now;
      await ledger.flush().catch((error: unknown) => {
        runtime.observe({ kind: 'store-failed', operation: 'flush', reason: reasonOf(error) });
      });
    },
  };
}
