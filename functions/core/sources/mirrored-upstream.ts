import type { Digest } from '../oci/digest.ts';
import type { Upstream } from '../ports/upstream.ts';
import type { AccessRules } from './access/access-rules.ts';
import type { Alternates } from './alternates/alternates.ts';
import type { AccountBudget } from './budget/account-budget.ts';
import type { RegistryBudget } from './budget/registry-budget.ts';
import type { HostWaits } from './host-waits.ts';
import type { SourceHealth } from './source-health.ts';
import type { UpstreamPolicy } from './upstream-policy.ts';

/** Other registries that may have the same digests as an upstream. */
export interface AlternatesOf {
  /** In the starting order, as configured: `public.ecr.aws/docker`. */
  readonly entries: readonly string[];
  readonly forUnseenTags: boolean;
  /** Whether only repositories that are known to be public may be named to them. */
  readonly onlyPublic: boolean;
}

/** An upstream registry and how it is mirrored. */
export interface MirroredUpstream {
  readonly upstream: Upstream;
  readonly policy: UpstreamPolicy;
  /** The budgets that its requests are sent within; if undefined, the mirror gives it one. */
  readonly budgets?: readonly AccountBudget[] | undefined;
  /** How long its requests wait; always until `headersTimeout` if undefined. */
  readonly waits?: HostWaits | undefined;
  /** Who may read what; undefined if every client may read all that the mirror can. */
  readonly access?: AccessRules | undefined;
  /** True if its URL has a path: then it is a part of another registry, whatever its name. */
  readonly hasPath?: boolean;
  readonly alternates?: AlternatesOf | undefined;
  /**
   * When the registry's own clock says that a tag of a repository was pushed, if it names the digest: in ms since
   * 1970. Undefined if no rule counts by it. Rejects if there is no answer.
   */
  readonly pushTime?:
    | ((name: string, tag: string, digest: Digest) => Promise<number | undefined>)
    | undefined;
  /** True if clients cannot pull from it: it is only an alternate. */
  readonly isHidden?: boolean;
}

/** An upstream, and what was seen of it. */
export interface ObservedUpstream extends Omit<MirroredUpstream, 'alternates'> {
  readonly alternates: Alternates | undefined;
  readonly health: SourceHealth;
  readonly budget: RegistryBudget;
}
