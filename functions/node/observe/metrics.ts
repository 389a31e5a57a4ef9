import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { RequestRecord } from '../../core/observe/request-line.ts';
import type { MirrorEvent } from '../../core/ports/event.ts';
import type { Counters } from '../../core/ports/ledger.ts';
import { upstreamMetrics } from './upstream-metrics.ts';

/** What is read at the moment somebody asks for the metrics. */
export interface MetricsSources {
  storeBytes(): Promise<number>;
  counters(): Promise<Counters>;
}

/** What the server counts, for Prometheus. */
export interface Metrics {
  /** A request has begun; the function it gives is called once when it has ended. */
  begin(): (record: RequestRecord) => void;
  observe(event: MirrorEvent): void;
  /** The metrics in Prometheus' text form. */
  text(): Promise<string>;
  readonly contentType: string;
}

const seconds = [0.001, 0.005, 0.025, 0.1, 0.5, 2, 10, 60, 300];

/** Opens the metrics, each with its own registry: several servers may run in one process. */
export function openMetrics(sources: MetricsSources): Metrics {
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
  const active = new Gauge({
    name: 'pullfront_active_requests',
    help: 'Requests being answered now.',
    registers,
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

  let running = 0;
  const observe = upstreamMetrics(registers);
  gauges(registers, sources, active, () => running);
  return {
    begin() {
      running += 1;
      return (record) => {
        running -= 1;
        childrenOf(record)(record);
      };
    },
    observe,
    text: () => registry.metrics(),
    contentType: registry.contentType,
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

function gauges(
  registers: Registry[],
  sources: MetricsSources,
  active: Gauge,
  running: () => number,
): void {
  active.set(0);
  Object.assign(active, { collect: () => active.set(running()) });
  const read = (name: string, help: string, value: () => Promise<number> | number) =>
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        this.set(await value());
      },
    });
  read('pullfront_store_bytes', 'Bytes of stored blobs.', () => sources.storeBytes());
  read('process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss());
  pullCounters(registers, sources);
}

/** The ledger's counts survive restarts, so they are taken from there whenever somebody asks. */
function pullCounters(registers: Registry[], sources: MetricsSources): void {
  const counted = (name: string, help: string, key: keyof Counters) =>
    new Counter({
      name,
      help: `${help} Kept across restarts.`,
      registers,
      async collect() {
        const counters = await sources.counters();
        this.reset();
        this.inc(counters[key]);
      },
    });
  counted('pullfront_pulls_served_total', 'Manifests served by GET.', 'pullsServed');
  counted('pullfront_pulls_avoided_total', 'Pulls that cost no upstream pull.', 'pullsAvoided');
  counted('pullfront_pulls_made_total', 'Manifest GETs sent to upstreams.', 'pullsMade');
  counted('pullfront_fetched_bytes_total', 'Bytes of blobs from upstreams.', 'bytesFetched');
}
