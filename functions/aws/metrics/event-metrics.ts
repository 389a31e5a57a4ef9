import { logEvent } from '../../core/observe/event-line.ts';
import {
  type RequestRecord,
  requestFields,
  requestLevel,
} from '../../core/observe/request-line.ts';
import type { MirrorEvent } from '../../core/ports/event.ts';
import type { Measured, MetricLog } from './metric-log.ts';

/** Logs a request, with its metrics and those in `counted` on the same line. */
export function measureRequest(
  log: MetricLog,
  record: RequestRecord,
  counted: readonly Measured[],
): void {
  const { kind, cache = 'none', redirected } = record.note;
  const request = { name: 'Requests', value: 1, by: { cache, kind } } as const;
  const handedOut =
    redirected === undefined ? [] : [{ name: 'RedirectedBytes', value: redirected } as const];
  log.measure(
    [request, ...handedOut, ...counted],
    requestLevel(record),
    'request',
    requestFields(record),
  );
}

/** Logs an event of the mirror, with its metric. */
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
      const { registry, rate, most = rate } = event;
      return { name: 'RateLimitRemaining', value: most.remaining, by: { registry } };
    }
    case 'fill':
      if (event.outcome === 'stored' || event.outcome === 'paused') {
        return { name: 'FillBytes', value: event.bytes };
      }
      return event.outcome === 'stopped' ? undefined : { name: 'FillFailures', value: 1 };
    case 'gone-upstream':
      return { name: 'GoneTags', value: 1, by: { registry: event.registry } };
    case 'store-failed':
      return { name: 'StoreFailures', value: 1 };
    case 'pull-refused':
      return { name: 'PullsRefused', value: 1, by: { registry: event.registry } };
    case 'client-limited': {
      const { tier, limit, outcome } = event;
      return { name: 'ClientsLimited', value: 1, by: { tier, limit, outcome } };
    }
    case 'tag-policy':
      if (event.reason.kind !== 'cooling' && event.reason.kind !== 'none-mature') return undefined;
      if (event.mode === 'observe') return undefined;
      return { name: 'TagsHeld', value: 1, by: { registry: event.registry } };
    case 'pins-exceed-limit':
    case 'tag-stuck':
    case 'pull':
    case 'circuit':
    case 'account-rests':
    case 'alternate-used':
    case 'unproven-public':
    case 'backed-off':
    case 'answers-again':
    case 'passed-through':
    case 'evicted':
      return undefined;
  }
}
