import type { Repository } from '../oci/repository.ts';
import type { Runtime } from '../ports/runtime.ts';
import type { Access } from './access/access.ts';
import type { AccessRules } from './access/access-rules.ts';
import { Alternates } from './alternates/alternates.ts';
import type { BudgetReport } from './budget/budget-report.ts';
import type { Budgets } from './budget/budgets.ts';
import { governedUpstream } from './budget/governed-upstream.ts';
import { RegistryBudget } from './budget/registry-budget.ts';
import type { MirroredUpstream, ObservedUpstream } from './mirrored-upstream.ts';
import type { RequestOrigin } from './request-origin.ts';
import { Source } from './source.ts';
import { SourceHealth } from './source-health.ts';
import type { UpstreamPolicy } from './upstream-policy.ts';

/** The configured upstreams and their health. */
export class Sources {
  readonly #runtime: Pick<Runtime, 'now' | 'observe'>;
  readonly #budgets: Budgets;
  readonly #access: Pick<Access, 'isPublic' | 'recall'>;
  /** Includes removed upstreams, for requests that began before the removal. */
  #upstreams: ReadonlyMap<string, ObservedUpstream> = new Map();
  #policies: ReadonlyMap<string, UpstreamPolicy> = new Map();

  constructor(
    upstreams: ReadonlyMap<string, MirroredUpstream>,
    runtime: Pick<Runtime, 'now' | 'observe'>,
    budgets: Budgets,
    access: Pick<Access, 'isPublic' | 'recall'> = {
      isPublic: () => false,
      recall: async () => undefined,
    },
  ) {
    this.#runtime = runtime;
    this.#budgets = budgets;
    this.#access = access;
    this.replace(upstreams);
  }

  /** Applies to requests and fills that begin from now on. */
  replace(upstreams: ReadonlyMap<string, MirroredUpstream>): void {
    const added = [...upstreams].map(([registry, mirrored]) => {
      const health = new SourceHealth(mirrored.upstream, this.#runtime);
      const alternates = this.#alternatesOf(registry, mirrored);
      const governed = this.#govern(registry, mirrored);
      return [registry, { ...mirrored, ...governed, health, alternates }] as const;
    });
    this.#upstreams = new Map([...this.#upstreams, ...added]);
    const visible = [...upstreams].filter(([, { isHidden }]) => !isHidden);
    this.#policies = new Map(visible.map(([registry, { policy }]) => [registry, policy]));
  }

  #govern(registry: string, { upstream, budgets }: MirroredUpstream) {
    if (budgets !== undefined) return { budget: new RegistryBudget(budgets) };
    const own = this.#budgets.of(registry);
    return {
      upstream: governedUpstream(upstream, own, () => this.#runtime.now()),
      budget: new RegistryBudget([own]),
    };
  }

  #alternatesOf(registry: string, { alternates }: MirroredUpstream): Alternates | undefined {
    if (alternates === undefined || alternates.entries.length === 0) return undefined;
    const { entries, forUnseenTags, onlyPublic } = alternates;
    return new Alternates({
      registry,
      entries,
      forUnseenTags,
      isPublic: onlyPublic ? (repository) => this.#access.isPublic(repository) : undefined,
      runtime: this.#runtime,
      open: (repository, origin) => {
        const observed = this.#upstreams.get(repository.registry);
        if (observed === undefined) return undefined;
        const only = { ...observed, alternates: undefined };
        return new Source(repository, only, () => this.#runtime.now(), origin);
      },
    });
  }

  /**
   * For a fill, which no check of a client preceded in this process: alternates are asked only for what is
   * known to be public.
   */
  async recallPublic(repository: Repository): Promise<void> {
    const { alternates } = this.#upstreams.get(repository.registry) ?? {};
    if (alternates?.mayAsk(repository) === false) await this.#access.recall(repository);
  }

  /** The policy of each registry, by its host as people write it. */
  get policies(): ReadonlyMap<string, UpstreamPolicy> {
    return this.#policies;
  }

  /** What is left of the limit of each account at each registry, and who spent it. */
  budgets(): Promise<readonly BudgetReport[]> {
    return this.#budgets.reports();
  }

  /** Who may read what of a registry; undefined if every client may read all that the mirror can. */
  accessOf(registry: string): AccessRules | undefined {
    return this.#upstreams.get(registry)?.access;
  }

  has(registry: string): boolean {
    return this.#policies.has(registry);
  }

  /**
   * The source of a repository for one client's request or one fill. Throws for a registry that is not
   * configured: callers must check this first.
   */
  of(repository: Repository, origin?: RequestOrigin, commits = false): Source {
    const mirrored = this.#upstreams.get(repository.registry);
    if (mirrored === undefined) throw new Error(`unknown registry ${repository.registry}`);
    return new Source(repository, mirrored, () => this.#runtime.now(), origin, commits);
  }
}
