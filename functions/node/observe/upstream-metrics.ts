import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { MirrorEvent } from '../../core/ports/event.ts';

/** Registers the metrics of upstreams and fills; gives what counts an event. */
export function upstreamMetrics(registers: Registry[]): (event: MirrorEvent) => void {
  const requests = new Counter({
    name: 'pullfront_upstream_requests_total',
    help: 'Requests sent to upstreams. A status that is a word says why there was none.',
    labelNames: ['registry', 'purpose', 'method', 'status'],
    registers,
  });
  const limit = new Gauge({
    name: 'pullfront_upstream_rate_limit',
    help: 'Pulls in a window that the upstream allows.',
    labelNames: ['registry', 'credentials'],
    registers,
  });
  const remaining = new Gauge({
    name: 'pullfront_upstream_rate_remaining',
    help: 'Pulls that the upstream said are left.',
    labelNames: ['registry', 'credentials'],
    registers,
  });
  const backoffs = new Counter({
    name: 'pullfront_upstream_backoffs_total',
    help: 'How often a failure began after which nobody who has a copy waits: of a whole registry, of one repository, of a token service or of a blob host.',
    labelNames: ['registry', 'scope'],
    registers,
  });
  const failing = new Gauge({
    name: 'pullfront_upstream_failing',
    help: '1 since a registry as a whole failed, 0 since it answered again.',
    labelNames: ['registry'],
    registers,
  });
  const fills = new Counter({
    name: 'pullfront_fills_total',
    help: 'Blobs fetched to be stored, by how that ended.',
    labelNames: ['outcome'],
    registers,
  });
  const fillSeconds = new Histogram({
    name: 'pullfront_fill_seconds',
    help: 'How long a fill took.',
    buckets: [0.1, 0.5, 2, 10, 60, 300, 1800],
    registers,
  });
  const passed = new Counter({
    name: 'pullfront_passed_through_bytes_total',
    help: 'Bytes passed on from upstreams without being stored.',
    registers,
  });
  const evicted = new Counter({
    name: 'pullfront_evicted_bytes_total',
    help: 'Bytes evicted from the store.',
    registers,
  });
  const failures = new Counter({
    name: 'pullfront_store_failures_total',
    help: 'Store operations that failed.',
    labelNames: ['operation'],
    registers,
  });

  return (event) => {
    switch (event.kind) {
      case 'upstream-request': {
        const { registry, purpose, method, status } = event;
        requests.inc({ registry, purpose, method, status });
        return;
      }
      case 'rate-limit': {
        const { registry, credentials, rate } = event;
        limit.set({ registry, credentials }, rate.limit);
        remaining.set({ registry, credentials }, rate.remaining);
        return;
      }
      case 'backed-off':
        backoffs.inc({ registry: event.registry, scope: event.scope });
        if (event.scope === 'registry') failing.set({ registry: event.registry }, 1);
        return;
      case 'answers-again':
        if (event.scope === 'registry') failing.set({ registry: event.registry }, 0);
        return;
      case 'fill':
        fills.inc({ outcome: event.outcome });
        fillSeconds.observe(event.milliseconds / 1000);
        return;
      case 'passed-through':
        passed.inc(event.bytes);
        return;
      case 'evicted':
        evicted.inc(event.bytes);
        return;
      case 'store-failed':
        failures.inc({ operation: event.operation });
        return;
    }
  };
}
