import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { RequestRecord } from '../../core/observe/request-line.ts';
import type { MirrorEvent } from '../../core/ports/event.ts';
import type { Page } from '../../core/service/app.ts';
import { type MetricStores, storeMetrics } from './store-metrics.ts';
import { upstreamMetrics } from './upstream-metrics.ts';

/** What the server counts, for Prometheus. */
export interface Metrics {
  /** A request has begun; the function it gives is called once when it has ended. */
  begin(): (record: RequestRecord) => void;
  observe(event: MirrorEvent): void;
  /** Adds what is read from the stores. They are opened later, as they report to the metrics. */
  attach(stores: MetricStores): void;
  /** The page `/metrics`. */
  page(): Promise<Page>;
}

const seconds = [0.001, 0.005, 0.025, 0.1, 0.5, 2, 10, 60, 300];

/** Creates the metrics, with a registry of their own: several servers may run in one process. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: 'pullfront_requests_total',
    help: 'Requests answered.',
    labelNames: ['kind', 'method', 'status', 'cache'],
    registers,
  });
  const requestSeconds = new Histogram({
    name: 'pullfront_request_seconds',
    help: 'Time until an answer had left, by kind and cache status.',
    labelNames: ['kind', 'cache'],
    buckets: seconds,
    registers,
  });
  let running = 0;
  new Gauge({
    name: 'pullfront_active_requests',
    help: 'Requests being answered now.',
    registers,
    collect() {
      this.set(running);
    },
  });
  const served = new Counter({
    name: 'pullfront_served_bytes_total',
    help: 'Bytes of bodies sent to clients.',
    labelNames: ['kind'],
    registers,
  });
  const byLabels = new Map<string, (record: RequestRecord) => void>();

  /** prom-client looks its labels up anew at every step: here it does so once for a combination. */
  const childrenOf = (record: RequestRecord): ((record: RequestRecord) => void) => {
    const { kind, cache = 'none' } = record.note;
    const key = `${kind} ${record.method} ${record.status} ${cache}`;
    const known = byLabels.get(key);
    if (known !== undefined) return known;
    const method = standardMethods.has(record.method) ? record.method : 'other';
    const count = requests.labels({ kind, method, status: record.status, cache });
    const time = requestSeconds.labels({ kind, cache });
    const bytes = served.labels({ kind });
    const children = ({ milliseconds, written }: RequestRecord) => {
      count.inc();
      time.observe(milliseconds / 1000);
      if (written.bytes > 0) bytes.inc(written.bytes);
    };
    if (byLabels.size < 1000) byLabels.set(key, children);
    return children;
  };

  const observe = upstreamMetrics(registers);
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  return {
    begin() {
      running += 1;
      return (record) => {
        running -= 1;
        childrenOf(record)(record);
      };
    },
    observe,
    attach: (stores) => storeMetrics(registers, stores),
    page: async () => ({ type: registry.contentType, body: await registry.metrics() }),
  };
}

const standardMethods: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
]);
