import { logEvent } from '../../core/observe/event-line.ts';
import {
  type RequestRecord,
  requestFields,
  requestLevel,
} from '../../core/observe/request-line.ts';
import type { MirrorEvent } from '../../core/ports/event.ts';
import type { Counters } from '../../core/ports/ledger.ts';
import type { Measured, MetricLog } from './metric-log.ts';

/** Writes the line of a request, which also carries its metrics and those of `counted`. */
export function measureRequest(
  log: MetricLog,
  record: RequestRecord,
  counted: readonly Measured[],
): void {
  const { kind, cache = 'none' } = record.note;
  const request = { name: 'Requests', value: 1, by: { cache, kind } } as const;
  log.measure([request, ...counted], requestLevel(record), 'request', requestFields(record));
}

/** Writes what the mirror tells of its work, and measures it. */
export function observeEvent(log: MetricLog, event: MirrorEvent): void {
  logEvent(log, event);
  const measured = measuredOf(event);
  if (measured !== undefined) log.measure([measured], 'debug', event.kind);
}

function measuredOf(event: MirrorEvent): Measured | undefined {
  switch (event.kind) {
    case 'upstream-request':
      if (event.status !== 429 && event.status !== 'limited') return undefined;
      return { name: 'Upstream429', value: 1, by: { registry: event.registry } };
    case 'rate-limit': {
      const { registry, rate } = event;
      return { name: 'RateLimitRemaining', value: rate.remaining, by: { registry } };
    }
    case 'fill':
      if (event.outcome === 'stored' || event.outcome === 'paused') {
        return { name: 'FillBytes', value: event.bytes };
      }
      return event.outcome === 'stopped' ? undefined : { name: 'FillFailures', value: 1 };
    case 'store-failed':
      return { name: 'StoreFailures', value: 1 };
    case 'backed-off':
    case 'answers-again':
    case 'passed-through':
    case 'evicted':
      return undefined;
  }
}

/** The metrics of what the ledger counts. */
export function measuredCounts(added: Partial<Counters>): Measured[] {
  const { pullsAvoided = 0, pullsMade = 0 } = added;
  const counts: Measured[] = [];
  if (pullsAvoided > 0) counts.push({ name: 'PullsAvoided', value: pullsAvoided });
  if (pullsMade > 0) counts.push({ name: 'PullsMade', value: pullsMade });
  return counts;
}
