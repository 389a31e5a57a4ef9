import type { Leases } from '../../ports/leases.ts';
import type { CircuitKind, Ledger, NoteKind, SeenRateLimit } from '../../ports/ledger.ts';
import type { Runtime } from '../../ports/runtime.ts';
import type { Tolerant } from '../../ports/tolerate.ts';
import { UpstreamError } from '../../ports/upstream-error.ts';
import { type BudgetReport, openCircuits } from './budget-report.ts';
import {
  type AnsweredRequest,
  afterAnswer,
  afterRefusal,
  afterTry,
  decide,
  isOpen,
  type OwnerState,
  type RefusedRequest,
  type RequestKind,
} from './circuits.ts';
import { afterCounted, countsHeads, noHeads, tagLife } from './head-counting.ts';
import { limitError } from './limit-error.ts';
import { OwnerStates } from './owner-states.ts';
import { isBelowReserve, mayPullAhead } from './reserve.ts';
import type { SharedSpending } from './shared-spending.ts';
import { hoursUntilDry, unnamedNetwork } from './spending.ts';

interface BudgetPlatform {
  readonly leases: Tolerant<Leases>;
  readonly ledger: Tolerant<Ledger>;
  readonly runtime: Pick<Runtime, 'now' | 'waitUntil' | 'observe' | 'random'>;
  /** Reads what other instances wrote; unless it `isUrgent`, not if that was done a moment ago. */
  refresh(isUrgent: boolean): Promise<void>;
  /** The share of a limit that is kept for clients. */
  reserve(): number;
  readonly spending: SharedSpending;
}

/** Between two HEADs of all instances that try whether a circuit can be closed, in ms. */
const turnLife = 60_000;

/** By how much an instance may prolong that, so that instances do not try together. */
const mostJitter = 0.2;

/**
 * How long an open circuit of pulls is used to judge indexes, in ms: each HEAD brings a new report, so an
 * older one may be out of date.
 */
const longestReport = 600_000;

/** The circuits that stop HEADs as well. */
const headCircuits = ['abuse', 'requests', 'heads'] as const;

/** What is left of the limit of one account at one registry, and what may be sent for it. */
export class AccountBudget {
  readonly registry: string;
  readonly account: string;
  readonly #platform: BudgetPlatform;
  readonly #states: OwnerStates;
  readonly #jitter: number;
  #heads = noHeads;
  /** The GETs of manifests that are admitted and not answered. */
  #inFlight = 0;

  constructor(registry: string, account: string, platform: BudgetPlatform) {
    this.registry = registry;
    this.account = account;
    this.#platform = platform;
    this.#states = new OwnerStates(registry, account, platform);
    this.#jitter = 1 + platform.runtime.random() * mostJitter;
  }

  /**
   * Resolves when the request may be sent: to `try` if it has to be a HEAD, whose answer may close a
   * circuit. Rejects with an UpstreamError if nothing may be sent. Call `pull` for a pull that is sent.
   */
  async admit(request: 'pull' | 'head'): Promise<'send' | 'try'> {
    // The last pulls are few, and each is worth a look at what other instances spent.
    await this.#platform.refresh(request === 'pull' && this.isBelowReserve);
    const decision = this.#decide(request);
    if (decision.kind === 'send') {
      if (request === 'pull') this.#inFlight += 1;
      return 'send';
    }
    const mayTry = decision.kind === 'try' && (await this.#takeTurn());
    if (decision.kind === 'try') this.#states.keep(afterTry(this.state, this.#now));
    if (mayTry) return 'try';
    throw this.#refuse(decision.circuit, request);
  }

  /** Throws an UpstreamError if the request must not be sent, from what this instance knows. */
  check(request: RequestKind): void {
    const decision = this.#decide(request);
    if (decision.kind !== 'send') throw this.#refuse(decision.circuit, request);
    if (request === 'pull') this.#inFlight += 1;
  }

  /** Throws an UpstreamError if nothing may be pulled that no client waits for. */
  checkReserve(): void {
    if (this.mayPullAhead) return;
    const message = `${this.registry}: the rest of the limit is kept for clients (budget.reserve)`;
    throw new UpstreamError('limited', message, { limit: 'pulls', isUnsent: true });
  }

  /** A GET of a manifest that was admitted is sent; call the result when it was answered. */
  pull(name: string, networks: readonly string[] | undefined, isBackground: boolean): () => void {
    const { spending, runtime } = this.#platform;
    const { registry, account } = this;
    spending.add({ registry, account, kind: 'repository', name });
    const [network = isBackground ? 'background' : unnamedNetwork] = networks ?? [];
    spending.add({ registry, account, kind: 'network', name: network });
    runtime.observe({ kind: 'pull', registry, network });
    return () => {
      this.#inFlight -= 1;
    };
  }

  answered(request: AnsweredRequest): void {
    const { rate, sent } = request;
    if (rate !== undefined) {
      const { remaining } = rate;
      const isHead = request.request === 'head';
      this.#heads = afterCounted(this.#heads, { isHead, sent, seen: this.#now, remaining });
    }
    this.#change(request, (state) => afterAnswer(state, request, this.#now));
  }

  /** A registry refused a request because of a limit. */
  refused(request: RefusedRequest): void {
    this.#change(request, (state) => afterRefusal(state, request, this.#now));
  }

  /** What the ledger says of an owner: a rate limit, or a note of this kind. */
  learn(owner: string, seen: SeenRateLimit, kind?: NoteKind): void {
    this.#states.learn(owner, seen, kind);
  }

  /** Why neither GETs nor HEADs of manifests are sent now, if so. */
  get stopped(): UpstreamError | undefined {
    const decision = this.#decide('head');
    return decision.kind === 'stop' ? this.#error(decision.circuit) : undefined;
  }

  /** Why no new manifest can be had, although the registry may answer everything else. */
  get pullLimit(): UpstreamError | undefined {
    const { circuits } = this.state;
    const { pulls } = circuits;
    const now = this.#now;
    if (isOpen(pulls, now) && now - pulls.since < longestReport) return this.#error('pulls');
    const kind = headCircuits.find((one) => isOpen(circuits[one], now));
    return kind && this.#error(kind);
  }

  /** How many pulls are left; undefined if the registry did not say. */
  get left(): number | undefined {
    const { rate } = this.state;
    return rate === undefined ? undefined : Math.max(0, rate.remaining - this.#inFlight);
  }

  /** True if a manifest may be pulled that no client waits for. */
  get mayPullAhead(): boolean {
    return mayPullAhead(this.state, this.#platform.reserve(), this.#now);
  }

  /** True if a recent report says that the reserve or less is left. */
  get isBelowReserve(): boolean {
    return isBelowReserve(this.state, this.#platform.reserve(), this.#now);
  }

  /** How long a tag is served before a HEAD confirms it, in ms. */
  tagLife(policy: Parameters<typeof tagLife>[0]): number {
    if (!countsHeads(this.#heads)) return policy.tagTtl;
    return tagLife(policy, this.state.rate, this.#platform.reserve(), this.#now);
  }

  /** What is known of the owner whose limit the next request counts against. */
  get state(): OwnerState {
    return this.#states.state;
  }

  report(): BudgetReport {
    const { registry, account, state } = this;
    const { rate, baseline } = state;
    return {
      registry,
      account,
      rate,
      open: openCircuits(state, this.#now),
      isBelowReserve: this.isBelowReserve,
      hoursUntilDry: rate && baseline && hoursUntilDry(baseline, rate),
      ...this.#platform.spending.of(registry, account),
    };
  }

  get #now(): number {
    return this.#platform.runtime.now();
  }

  #change({ rate }: AnsweredRequest, after: (state: OwnerState) => OwnerState): void {
    this.#states.change(rate?.source, after);
  }

  #decide(request: RequestKind) {
    const circumstances = { now: this.#now, inFlight: this.#inFlight, jitter: this.#jitter };
    return decide(this.state, request, circumstances);
  }

  /** Looks first: all instances ask for it, and a lease that is refused costs a write as well. */
  async #takeTurn(): Promise<boolean> {
    const { leases } = this.#platform;
    const key = `limited-head:${this.registry} ${this.#states.owner}`;
    const state = await leases.look(key);
    if (state?.isHeld) return false;
    // Without leases, each instance takes its own turns.
    return (await leases.acquire(key, turnLife)) !== undefined || state === undefined;
  }

  #refuse(circuit: CircuitKind, request: RequestKind): UpstreamError {
    if (request === 'pull') {
      const { registry, account } = this;
      this.#platform.runtime.observe({ kind: 'pull-refused', registry, account });
    }
    return this.#error(circuit);
  }

  #error(circuit: CircuitKind): UpstreamError {
    return limitError(this.registry, circuit, this.state, this.#now);
  }
}
