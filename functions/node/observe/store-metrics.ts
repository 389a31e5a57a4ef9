import { Counter, Gauge, type Registry } from 'prom-client';
import { accountName, accountsOf } from '../../core/config/accounts.ts';
import type { Config } from '../../core/config/resolve.ts';
import type { BlobStore } from '../../core/ports/blob-store.ts';
import type { MirrorEvent } from '../../core/ports/event.ts';
import { type Counters, type Ledger, noCounts, noteOf } from '../../core/ports/ledger.ts';

/** The stores that metrics are read from. */
export interface MetricStores {
  readonly blobs: Pick<BlobStore, 'usedBytes'>;
  readonly ledger: Pick<Ledger, 'counters' | 'rateLimits'>;
}

/** Registers metrics that are read from the stores whenever `/metrics` is requested. */
export function storeMetrics(registry: Registry, { blobs, ledger }: MetricStores): void {
  const registers = [registry];
  const usedBytes = lastKnown(() => blobs.usedBytes(), 0);
  new Gauge({
    name: 'pullfront_store_bytes',
    help: 'Bytes of stored blobs.',
    registers,
    async collect() {
      this.set(await usedBytes());
    },
  });
  const counters = lastKnown(() => ledger.counters(), noCounts);
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

/** Returns the last good value while the store fails, so that /metrics still works. */
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
  upstreams: Config['upstreams'],
): Promise<MirrorEvent[]> {
  const limits = await ledger.rateLimits();
  // Older indexes hold user names, or `account`: the one that was seen last counts as the first account.
  return limits
    .filter(({ account }) => noteOf(account) === undefined)
    .sort((a, b) => a.seen - b.seen)
    .map(({ registry, account, rate }) => {
      const upstream = upstreams.get(registry);
      const names = upstream === undefined ? [] : accountsOf(upstream).map(accountName);
      if (account.startsWith('anonymous')) {
        return { kind: 'rate-limit', registry, credentials: 'anonymous', rate };
      }
      const credentials = names.includes(account) ? account : 'account-1';
      return { kind: 'rate-limit', registry, credentials, rate };
    });
}
