import type { Leases } from '../ports/leases.ts';
import { type Ledger, retryAfterAccount } from '../ports/ledger.ts';
import type { Runtime } from '../ports/runtime.ts';
import type { Tolerant } from '../ports/tolerate.ts';
import { UpstreamError } from '../ports/upstream-error.ts';

/** Between two HEADs of all instances while a Retry-After runs, in ms. */
const headInterval = 60_000;

/** How long what the ledger says is used before it is read again, in ms. */
const readInterval = 2_000;

/** `pull`: a GET of a manifest, which registries count; they may answer everything else. */
type Cause = 'pull' | 'request';

interface Limit {
  /** In ms since 1970. */
  readonly until: number;
  /** When it was noted, in ms since 1970: the later of two notes counts. */
  readonly seen: number;
  readonly cause: Cause;
}

interface LimitsPlatform {
  readonly leases: Tolerant<Leases>;
  readonly ledger: Tolerant<Ledger>;
  readonly runtime: Pick<Runtime, 'now' | 'waitUntil'>;
  /** True if other instances write to the ledger, too. */
  readonly isShared: boolean;
}

/**
 * The Retry-After of registries that answered 429. While one runs, no instance sends a GET of a manifest
 * to that registry, and all together send one HEAD a minute: requests would only prolong the limit, and
 * clients repeat a refused one several times.
 */
export class RetryAfterLimits {
  readonly #platform: LimitsPlatform;
  readonly #limits = new Map<string, Limit>();
  #read: { readonly at: number; readonly done: Promise<void> } | undefined;

  constructor(platform: LimitsPlatform) {
    this.#platform = platform;
  }

  /** A registry answered 429 and asked to wait this many seconds. */
  begin(registry: string, seconds: number, cause: Cause): void {
    const now = this.#platform.runtime.now();
    this.#limits.set(registry, { until: now + seconds * 1000, seen: now, cause });
    this.#record(registry, seconds);
    // A refused HEAD counts as this minute's; after a refused pull, a HEAD may still be answered.
    if (cause === 'request') this.#platform.runtime.waitUntil(this.#takeTurn(registry));
  }

  /** A registry answered a request other than a pull. */
  answered(registry: string): void {
    if (this.#limits.size === 0 || this.#limits.get(registry)?.cause !== 'request') return;
    if (this.current(registry) === undefined) return;
    const now = this.#platform.runtime.now();
    this.#limits.set(registry, { until: now, seen: now, cause: 'request' });
    this.#record(registry, 0);
  }

  /** The limit of a registry whose Retry-After runs, as far as this instance knows. */
  current(registry: string): UpstreamError | undefined {
    if (this.#limits.size === 0) return undefined;
    const { until = 0 } = this.#limits.get(registry) ?? {};
    const left = Math.ceil((until - this.#platform.runtime.now()) / 1000);
    if (left <= 0) return undefined;
    const message = `${registry}: too many requests; it asked to wait ${left} s more`;
    return new UpstreamError('limited', message, { retryAfter: left });
  }

  /** The limit because of which a request for a manifest must not be sent. */
  async refuses(registry: string, method: 'GET' | 'HEAD'): Promise<UpstreamError | undefined> {
    await this.#refresh();
    const limit = this.current(registry);
    if (limit === undefined || method === 'GET') return limit;
    const lease = await this.#takeTurn(registry);
    return lease === undefined ? limit : undefined;
  }

  /** Looks first: all instances ask for it, and a lease that is refused costs a write as well. */
  async #takeTurn(registry: string) {
    const { leases } = this.#platform;
    const key = `limited-head:${registry}`;
    const state = await leases.look(key);
    return state?.isHeld ? undefined : leases.acquire(key, headInterval);
  }

  #record(registry: string, windowSeconds: number): void {
    const { ledger, runtime } = this.#platform;
    const rate = { limit: 0, remaining: 0, windowSeconds };
    const seen = runtime.now();
    const account = retryAfterAccount;
    runtime.waitUntil(ledger.recordRateLimit({ registry, account, rate, seen }));
  }

  #refresh(): Promise<void> {
    const now = this.#platform.runtime.now();
    const isCurrent =
      this.#read !== undefined && (!this.#platform.isShared || now < this.#read.at + readInterval);
    if (!isCurrent) this.#read = { at: now, done: this.#readLedger() };
    return this.#read?.done ?? Promise.resolve();
  }

  async #readLedger(): Promise<void> {
    for (const { registry, account, rate, seen } of (await this.#platform.ledger.rateLimits()) ??
      []) {
      if (account !== retryAfterAccount) continue;
      const until = seen + (rate.windowSeconds ?? 0) * 1000;
      const known = this.#limits.get(registry);
      if (known !== undefined && known.seen >= seen) continue;
      this.#limits.set(registry, { until, seen, cause: 'pull' });
    }
  }
}
