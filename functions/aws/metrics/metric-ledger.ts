import type { Counters, Ledger } from '../../core/ports/ledger.ts';
import type { Runtime } from '../../core/ports/runtime.ts';
import { tolerate } from '../../core/ports/tolerate.ts';
import type { Measured } from './metric-log.ts';

/** A ledger that keeps its counts in memory until they are flushed. */
export interface FlushedLedger extends Ledger {
  flush(): Promise<void>;
}

/** A ledger whose counts also become metrics. */
export interface MetricLedger extends Ledger {
  /** The metrics counted since the last call. */
  take(): Measured[];
  /** Flushes the counts, at most once a minute. Does not reject. */
  flushSometimes(): Promise<void>;
}

/** In ms. Each flush costs as much as pulling an image. */
const flushInterval = 60_000;

/** Wraps a ledger to measure its counts. */
export function metricLedger(ledger: FlushedLedger, runtime: Runtime): MetricLedger {
  let counted: Measured[] = [];
  let flushed = runtime.now();
  const { flush } = tolerate({ flush: () => ledger.flush() }, runtime.observe);
  return {
    recordRateLimit: (seen) => ledger.recordRateLimit(seen),
    rateLimits: () => ledger.rateLimits(),
    counters: () => ledger.counters(),
    addUsage: (month, added) => ledger.addUsage(month, added),
    addSpending: (day, added) => ledger.addSpending(day, added),
    count(added) {
      counted = counted.concat(measuredCounts(added));
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
      await flush();
    },
  };
}

function measuredCounts({ pullsAvoided = 0, pullsMade = 0 }: Partial<Counters>): Measured[] {
  const counts: Measured[] = [
    { name: 'PullsAvoided', value: pullsAvoided },
    { name: 'PullsMade', value: pullsMade },
  ];
  return counts.filter(({ value }) => value > 0);
}
