import type { UpstreamError } from '../../ports/upstream-error.ts';
import type { AccountBudget } from './account-budget.ts';

/** What all accounts of a registry together may send. */
export class RegistryBudget {
  readonly #accounts: readonly AccountBudget[];

  constructor(accounts: readonly AccountBudget[]) {
    this.#accounts = accounts;
  }

  /** Why neither GETs nor HEADs of manifests are sent now, if so. */
  get stopped(): UpstreamError | undefined {
    return this.#common((account) => account.stopped);
  }

  /** Why no new manifest can be had, although the registry may answer everything else. */
  get pullLimit(): UpstreamError | undefined {
    return this.#common((account) => account.pullLimit);
  }

  /** True if a manifest may be pulled that no client waits for. */
  get mayPullAhead(): boolean {
    return this.#accounts.some((account) => account.mayPullAhead);
  }

  /** How long a tag is served before a HEAD confirms it, in ms: HEADs may cost some of the limit. */
  tagLife(policy: Parameters<AccountBudget['tagLife']>[0]): number {
    return this.#accounts.reduce(
      (least, account) => Math.min(least, account.tagLife(policy)),
      Number.POSITIVE_INFINITY,
    );
  }

  /** The reason of the first account if none is without one. */
  #common(reasonOf: (account: AccountBudget) => UpstreamError | undefined) {
    let first: UpstreamError | undefined;
    for (const account of this.#accounts) {
      const reason = reasonOf(account);
      if (reason === undefined) return undefined;
      first ??= reason;
    }
    return first;
  }
}
