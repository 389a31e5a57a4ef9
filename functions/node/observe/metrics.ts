import { Gauge, Histogram, Registry } from 'prom-client';
import type { RequestRecord } from '../../core/observe/request-line.ts';
import type { MirrorEvent } from '../../core/ports/event.ts';
import type { Page } from '../../core/service/app.ts';
import type { BudgetReport } from '../../core/sources/budget/budget-report.ts';
import { budgetMetrics } from './budget-metrics.ts';
import { counter, eventMetrics } from './event-counters.ts';
import { type MetricStores, storeMetrics } from './store-metrics.ts';

/** What the server counts, for Prometheus. */
export interface Metrics {
  /** Counts a request as active; the returned function is called once when it has ended. */
  begin(): (record: RequestRecord) => void;
  observe(event: MirrorEvent): void;
  /** Adds the metrics of the stores, which are opened later because they report to these. */
  attach(stores: MetricStores): void;
  /** Adds the metrics of what is left of registries' limits. */
  attachBudgets(reports: () => Promise<readonly BudgetReport[]>): void;
  /** The page `/metrics`. */
  page(): Promise<Page>;
}

/** Creates the metrics in a registry of their own: several servers may run in one process. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  gauge(registry, 'process_resident_memory_bytes', 'Resident memory.', () =>
    process.memoryUsage.rss(),
  );
  return {
    ...requestMetrics(registry),
    observe: eventMetrics(registry),
    attach: (stores) => storeMetrics(registry, stores),
    attachBudgets: (reports) => budgetMetrics(registry, reports),
    page: async () => ({ type: registry.contentType, body: await registry.metrics() }),
  };
}

function gauge(registry: Registry, name: string, help: string, read: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });
}

const methods: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
]);

function requestMetrics(registry: Registry): Pick<Metrics, 'begin'> {
  const requests = counter(registry, 'pullfront_requests_total', 'Requests answered.', [
    'kind',
    'method',
    'status',
    'cache',
  ]);
  const seconds = new Histogram({
    name: 'pullfront_request_seconds',
    help: 'Time until an answer was sent, by kind and cache status.',
    labelNames: ['kind', 'cache'],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2, 10, 60, 300],
    registers: [registry],
  });
  let active = 0;
  gauge(registry, 'pullfront_active_requests', 'Requests in flight.', () => active);
  const served = counter(
    registry,
    'pullfront_served_bytes_total',
    'Bytes of bodies sent to clients.',
    ['kind'],
  );
  /** By labels: prom-client looks labels up at every increment, this only once. */
  const recorders = new Map<string, (record: RequestRecord) => void>();
  const recorderOf = ({ method, status, note }: RequestRecord) => {
    const { kind, cache = 'none' } = note;
    const key = `${kind} ${method} ${status} ${cache}`;
    const known = recorders.get(key);
    if (known !== undefined) return known;
    const label = methods.has(method) ? method : 'other';
    const count = requests.labels({ kind, method: label, status, cache });
    const time = seconds.labels({ kind, cache });
    const bytes = served.labels({ kind });
    const recorder = ({ milliseconds, written }: RequestRecord) => {
      count.inc();
      time.observe(milliseconds / 1000);
      if (written.bytes > 0) bytes.inc(written.bytes);
    };
    // Clients choose the method, so the map must be bounded.
    if (recorders.size < 1000) recorders.set(key, recorder);
    return recorder;
  };
  return {
    begin() {
      active += 1;
      return (record) => {
        active -= 1;
        recorderOf(record)(record);
      };
    },
  };
}
