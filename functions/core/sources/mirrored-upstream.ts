import type { Upstream } from '../ports/upstream.ts';
import type { Alternates } from './alternates/alternates.ts';
import type { HostWaits } from './host-waits.ts';
import type { PullLimit } from './pull-limit.ts';
import type { RetryAfterLimits } from './retry-after-limits.ts';
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
  /** How long its requests wait; always until `headersTimeout` if undefined. */
  readonly waits?: HostWaits | undefined;
  /** What its client reports about the limit of pulls; undefined if it reports nothing. */
  readonly pulls?: PullLimit | undefined;
  /** True if its URL has a path: then it is a part of another registry, whatever its name. */
  readonly hasPath?: boolean;
  readonly alternates?: AlternatesOf | undefined;
  /** True if clients cannot pull from it: it is only an alternate. */
  readonly isHidden?: boolean;
}

/** An upstream, and what was seen of it. */
export interface ObservedUpstream extends Omit<MirroredUpstream, 'alternates'> {
  readonly alternates: Alternates | undefined;
  readonly health: SourceHealth;
  readonly limits: RetryAfterLimits;
  readonly pulls: PullLimit;
}
