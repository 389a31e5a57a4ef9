import type { Leases } from '../../ports/leases.ts';
import { type Ledger, noteOf } from '../../ports/ledger.ts';
import type { Runtime } from '../../ports/runtime.ts';
import type { Tolerant } from '../../ports/tolerate.ts';
import { AccountBudget } from './account-budget.ts';
import type { BudgetReport } from './budget-report.ts';
import { accountOf, anonymous } from './owners.ts';
import { SharedSpending } from './shared-spending.ts';

/** How long what the ledger says is used before it is read again, in ms. */
const readInterval = 2_000;

interface BudgetsPlatform {
  readonly leases: Tolerant<Leases>;
  readonly ledger: Tolerant<Ledger>;
  readonly runtime: Pick<Runtime, 'now' | 'waitUntil' | 'observe' | 'random' | 'sleep'>;
  /** True if other instances write to the ledger, too. */
  readonly isShared: boolean;
  /** How long pulls may stay unwritten where nothing else writes them, in ms. */
  readonly spendingDelay?: number | undefined;
}

/** The budgets of all accounts of all registries. Instances share them through the ledger. */
export class Budgets {
  readonly #platform: BudgetsPlatform;
  readonly #budgets = new Map<string, AccountBudget>();
  readonly #spending: SharedSpending;
  /** The share of a limit that is kept for clients. */
  reserve = 0.2;
  #read: { readonly at: number; readonly done: Promise<void> } | undefined;

  constructor(platform: BudgetsPlatform) {
    this.#platform = platform;
    const { ledger, runtime, spendingDelay: delay } = platform;
    this.#spending = new SharedSpending({ ledger, runtime, delay });
  }

  /** The budget of an account at a registry: `anonymous`, or its label or position. */
  of(registry: string, account = anonymous): AccountBudget {
    const key = `${registry} ${account}`;
    const known = this.#budgets.get(key);
    if (known !== undefined) return known;
    const { leases, ledger, runtime } = this.#platform;
    const refresh = (isUrgent: boolean) => this.#refresh(isUrgent);
    const reserve = () => this.reserve;
    const budget = new AccountBudget(registry, account, {
      leases,
      ledger,
      runtime,
      refresh,
      reserve,
      spending: this.#spending,
    });
    this.#budgets.set(key, budget);
    // What the ledger says of a new account was not kept.
    this.#read = undefined;
    return budget;
  }

  /** What is left for each account, and who spent it, on all instances. */
  async reports(): Promise<readonly BudgetReport[]> {
    await Promise.all([this.#refresh(false), this.#spending.refresh()]);
    return [...this.#budgets.values()].map((budget) => budget.report());
  }

  /** Writes who spent what, before the end. */
  flush(): Promise<void> {
    return this.#spending.flush();
  }

  #refresh(isUrgent: boolean): Promise<void> {
    this.#spending.writeDue();
    const now = this.#platform.runtime.now();
    const age = this.#read === undefined ? undefined : now - this.#read.at;
    const isRecent = age !== undefined && age >= 0 && age < readInterval && !isUrgent;
    const isCurrent = isRecent || (age !== undefined && !this.#platform.isShared);
    if (!isCurrent) this.#read = { at: now, done: this.#readLedger() };
    return this.#read?.done ?? Promise.resolve();
  }

  async #readLedger(): Promise<void> {
    for (const row of (await this.#platform.ledger.rateLimits()) ?? []) {
      const { kind, account: owner } = noteOf(row.account) ?? { account: row.account };
      this.#budgets.get(`${row.registry} ${accountOf(owner)}`)?.learn(owner, row, kind);
    }
  }
}
