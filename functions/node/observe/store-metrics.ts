import { Counter, Gauge, type Registry } from 'prom-client';
import type { BlobStore } from '../../core/ports/blob-store.ts';
import type { MirrorEvent } from '../../core/ports/event.ts';
import type { Counters, Ledger } from '../../core/ports/ledger.ts';

/** The stores that metrics are read from. */
export interface MetricStores {
  readonly blobs: Pick<BlobStore, 'usedBytes'>;
  readonly ledger: Pick<Ledger, 'counters' | 'rateLimits'>;
}

/** Registers what is read from the stores at the moment somebody asks for the metrics. */
export function storeMetrics(registers: Registry[], { blobs, ledger }: MetricStores): void {
  const usedBytes = lastKnown(() => blobs.usedBytes(), 0);
  new Gauge({
    name: 'pullfront_store_bytes',
    help: 'Bytes of stored blobs.',
    registers,
    async collect() {
      this.set(await usedBytes());
    },
  });
  const counters = lastKnown(() => ledger.counters(), nothing);
  // The ledger's counts survive restarts, so they are taken from there whenever somebody asks.
  const counted = (name: string, help: string, key: keyof Counters) =>
    new Counter({
      name,
      help: `${help} Kept across restarts.`,
      registers,
      async collect() {
        const { [key]: count } = await counters();
        this.reset();
        this.inc(count);
      },
    });
  counted('pullfront_pulls_served_total', 'Manifests served by GET.', 'pullsServed');
  counted('pullfront_pulls_avoided_total', 'Pulls that cost no upstream pull.', 'pullsAvoided');
  counted('pullfront_pulls_made_total', 'Manifest GETs sent to upstreams.', 'pullsMade');
  counted('pullfront_fetched_bytes_total', 'Bytes of blobs from upstreams.', 'bytesFetched');
}

const nothing = { pullsServed: 0, pullsAvoided: 0, pullsMade: 0, bytesServed: 0, bytesFetched: 0 };

/** What was read last, while a store fails: the other metrics are wanted all the more then. */
function lastKnown<Value>(read: () => Promise<Value>, first: Value): () => Promise<Value> {
  let last = first;
  return async () => {
    last = await read().catch(() => last);
    return last;
  };
}

/** The rate limits that a ledger remembers, as events. Rejects when the ledger fails. */
export async function rememberedRateLimits(
  ledger: Pick<Ledger, 'rateLimits'>,
): Promise<MirrorEvent[]> {
  const limits = await ledger.rateLimits();
  // An index that was written before has user names here: the one seen last is the account now.
  return [...limits]
    .sort((a, b) => a.seen - b.seen)
    .map(({ registry, account, rate }) => {
      const credentials = account === 'anonymous' ? account : 'account';
      return { kind: 'rate-limit', registry, credentials, rate };
    });
}
