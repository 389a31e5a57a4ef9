import {
  baselineAccount,
  type CircuitKind,
  circuitAccount,
  circuitKinds,
  type Ledger,
  type NoteKind,
  type SeenRateLimit,
} from '../../ports/ledger.ts';
import type { Runtime } from '../../ports/runtime.ts';
import type { Tolerant } from '../../ports/tolerate.ts';
import { afterNews, type Circuit, isOpen, type OwnerState, unknownOwner } from './circuits.ts';
import { anonymous, ownerOf } from './owners.ts';
import { baselineOf } from './spending.ts';

/** The shortest time between two writes of an open circuit of pulls, in ms. */
const rewriteInterval = 30_000;

interface StatesPlatform {
  readonly ledger: Tolerant<Ledger>;
  readonly runtime: Pick<Runtime, 'now' | 'waitUntil' | 'observe'>;
}

/**
 * The states of the owners that requests of one account may count against, which are several source
 * addresses if it is anonymous. What changes is written to the ledger.
 */
export class OwnerStates {
  readonly #registry: string;
  readonly #account: string;
  readonly #platform: StatesPlatform;
  /** At most one for each number of a source address. */
  readonly #states = new Map<string, OwnerState>();
  readonly #written = new Map<string, number>();
  /** The owner that the registry named last for this instance. */
  #named: string | undefined;

  constructor(registry: string, account: string, platform: StatesPlatform) {
    this.#registry = registry;
    this.#account = account;
    this.#platform = platform;
  }

  /** Until the registry names the address of this instance, the owner of the newest news counts. */
  get owner(): string {
    if (this.#named !== undefined) return this.#named;
    let newest = this.#account;
    let latest = 0;
    for (const [owner, state] of this.#states) {
      const last = lastSeen(state);
      if (last > latest) [newest, latest] = [owner, last];
    }
    return newest;
  }

  /** What is known of the owner whose limit the next request counts against. */
  get state(): OwnerState {
    return this.#of(this.owner);
  }

  /** Keeps a state that the others need not know. */
  keep(state: OwnerState): void {
    this.#states.set(this.owner, state);
  }

  /** Keeps the state after an answer, which may name the source address, and writes what changed. */
  change(source: string | undefined, after: (state: OwnerState) => OwnerState): OwnerState {
    if (this.#account === anonymous && source !== undefined) {
      this.#named = ownerOf(this.#account, source);
    }
    const { owner, state: before } = this;
    const changed = after(before);
    const { rate } = changed;
    const isReport = rate !== undefined && rate !== before.rate;
    const state = isReport ? { ...changed, baseline: baselineOf(before.baseline, rate) } : changed;
    this.#states.set(owner, state);
    if (isReport) {
      const { seen, ...left } = rate;
      this.#record({ account: owner, rate: left, seen });
    }
    if (state.baseline !== undefined && state.baseline !== before.baseline) {
      const { seen, remaining } = state.baseline;
      const left = { limit: rate?.limit ?? 0, remaining, windowSeconds: rate?.windowSeconds };
      this.#record({ account: baselineAccount(owner), rate: left, seen });
    }
    for (const kind of circuitKinds) {
      this.#share(owner, kind, before.circuits[kind], state.circuits[kind]);
    }
    return state;
  }

  /** What the ledger says of an owner: a rate limit, or a note of this kind. */
  learn(owner: string, { rate, seen }: SeenRateLimit, kind: NoteKind | undefined): void {
    const state = this.#of(owner);
    if (kind === undefined) {
      const isNews = (state.rate?.seen ?? 0) < seen;
      if (isNews) this.#states.set(owner, { ...state, rate: { ...rate, seen } });
      return;
    }
    if (kind === 'baseline') {
      if ((state.baseline?.seen ?? 0) >= seen) return;
      this.#states.set(owner, { ...state, baseline: { seen, remaining: rate.remaining } });
      return;
    }
    const until = seen + (rate.windowSeconds ?? 0) * 1000;
    // After a refused pull a HEAD may be answered.
    const tried = kind === 'requests' ? undefined : seen;
    const news = { since: seen, until, pause: rate.limit * 1000, tried };
    this.#states.set(owner, afterNews(state, kind, news));
  }

  #of(owner: string): OwnerState {
    return this.#states.get(owner) ?? unknownOwner;
  }

  #share(
    owner: string,
    kind: CircuitKind,
    before: Circuit | undefined,
    after: Circuit | undefined,
  ): void {
    if (before === after) return;
    const { runtime } = this.#platform;
    const now = runtime.now();
    const wasOpen = isOpen(before, now);
    const isNowOpen = isOpen(after, now);
    if (!wasOpen && !isNowOpen) return;
    if (wasOpen !== isNowOpen) {
      const event = { registry: this.#registry, account: this.#account, isOpen: isNowOpen };
      runtime.observe({ kind: 'circuit', circuit: kind, ...event });
    }
    const account = circuitAccount(kind, owner);
    const age = now - (this.#written.get(account) ?? Number.NEGATIVE_INFINITY);
    if (kind === 'pulls' && wasOpen && isNowOpen && age >= 0 && age < rewriteInterval) return;
    this.#written.set(account, now);
    const { since, until, pause } = after ?? { since: now, until: now, pause: 0 };
    // Of two records of the same time, the one that closes must count.
    const seen = after === undefined ? Math.max(now, (before?.since ?? 0) + 1) : since;
    const windowSeconds = Math.round((until - since) / 1000);
    const rate = { limit: Math.round(pause / 1000), remaining: 0, windowSeconds };
    this.#record({ account, rate, seen });
  }

  #record(seen: Omit<SeenRateLimit, 'registry'>): void {
    const { runtime, ledger } = this.#platform;
    runtime.waitUntil(ledger.recordRateLimit({ registry: this.#registry, ...seen }));
  }
}

function lastSeen({ rate, circuits }: OwnerState): number {
  const times = Object.values(circuits).map(({ since }) => since);
  return times.reduce((latest, time) => Math.max(latest, time), rate?.seen ?? 0);
}
