import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { RequestRecord } from '../../core/observe/request-line.ts';
import type { MirrorEvent } from '../../core/ports/event.ts';
import type { Page } from '../../core/service/app.ts';
import type { BudgetReport } from '../../core/sources/budget/account-budget.ts';
import { budgetMetrics } from './budget-metrics.ts';
import { type MetricStores, storeMetrics } from './store-metrics.ts';

/** What the server counts, for Prometheus. */
export interface Metrics {
  /** Counts a request as active; the returned function is called once when it has ended. */
  begin(): (record: RequestRecord) => void;
  observe(event: MirrorEvent): void;
  /** Adds the metrics of the stores, which are opened later because they report to these. */
  attach(stores: MetricStores): void;
  /** Adds the metrics of what is left of registries' limits. */
  attachBudgets(reports: () => readonly BudgetReport[]): void;
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

function counter<const Label extends string = never>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly Label[] = [],
): Counter<Label> {
  return new Counter({ name, help, labelNames, registers: [registry] });
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

/** Registers the metrics of upstreams, fills and failures; returns what counts an event. */
function eventMetrics(registry: Registry): (event: MirrorEvent) => void {
  const registers = [registry];
  const requests = counter(
    registry,
    'pullfront_upstream_requests_total',
    'Requests sent to upstreams. If there was no answer, the status is a word that says why.',
    ['registry', 'purpose', 'method', 'status'],
  );
  const limit = new Gauge({
    name: 'pullfront_upstream_rate_limit',
    help: 'Pulls per window that the upstream allows.',
    labelNames: ['registry', 'credentials'],
    registers,
  });
  const remaining = new Gauge({
    name: 'pullfront_upstream_rate_remaining',
    help: 'Pulls that remain, as last reported by the upstream.',
    labelNames: ['registry', 'credentials'],
    registers,
  });
  const pulls = counter(
    registry,
    'pullfront_upstream_pulls_total',
    "GETs of manifests sent to upstreams, by the client's network.",
    ['registry', 'network'],
  );
  const refusedPulls = counter(
    registry,
    'pullfront_upstream_refused_pulls_total',
    "GETs of manifests that were not sent because of an upstream's limit.",
    ['registry', 'account'],
  );
  const circuits = new Gauge({
    name: 'pullfront_upstream_circuit_open',
    help: "1 while requests are stopped because of an upstream's limit, else 0.",
    labelNames: ['registry', 'account', 'circuit'],
    registers,
  });
  const backoffs = counter(
    registry,
    'pullfront_upstream_backoffs_total',
    'Times that the mirror began to back off from a registry, repository, token service or blob host.',
    ['registry', 'scope'],
  );
  const failing = new Gauge({
    name: 'pullfront_upstream_failing',
    help: '1 while the mirror backs off from a whole registry, else 0.',
    labelNames: ['registry'],
    registers,
  });
  const gone = counter(registry, 'pullfront_gone_tags_total', 'Tags found to be gone upstream.', [
    'registry',
  ]);
  const alternates = counter(
    registry,
    'pullfront_alternate_answers_total',
    'Manifests and blobs that another registry served in place of an upstream.',
    ['registry', 'alternate'],
  );
  const fills = counter(registry, 'pullfront_fills_total', 'Fills by outcome.', ['outcome']);
  const fillSeconds = new Histogram({
    name: 'pullfront_fill_seconds',
    help: 'Duration of fills.',
    buckets: [0.1, 0.5, 2, 10, 60, 300, 1800],
    registers,
  });
  const passed = counter(
    registry,
    'pullfront_passed_through_bytes_total',
    'Bytes passed from upstreams to clients without being stored.',
  );
  const evicted = counter(registry, 'pullfront_evicted_bytes_total', 'Bytes evicted.');
  const failures = counter(
    registry,
    'pullfront_store_failures_total',
    'Store operations that failed.',
    ['operation'],
  );
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
      case 'pull':
        pulls.inc({ registry: event.registry, network: event.network });
        return;
      case 'pull-refused':
        refusedPulls.inc({ registry: event.registry, account: event.account });
        return;
      case 'circuit': {
        const { registry, account, circuit, isOpen } = event;
        circuits.set({ registry, account, circuit }, isOpen ? 1 : 0);
        return;
      }
      case 'backed-off':
        backoffs.inc({ registry: event.registry, scope: event.scope });
        if (event.scope === 'registry') failing.set({ registry: event.registry }, 1);
        return;
      case 'answers-again':
        if (event.scope === 'registry') failing.set({ registry: event.registry }, 0);
        return;
      case 'alternate-used': {
        const { registry, alternate } = event;
        if (alternate !== undefined) alternates.inc({ registry, alternate });
        return;
      }
      case 'gone-upstream':
        gone.inc({ registry: event.registry });
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
