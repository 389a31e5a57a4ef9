import type { RepositoryPattern } from '../oci/repository.ts';
import type { TagPattern } from '../tag-policy/tag-pattern.ts';
import type { TagRule } from '../tag-policy/tag-rule.ts';

/** How one upstream is mirrored. Durations are in ms. */
export interface UpstreamPolicy {
  /** How long a tag is served without asking the upstream. */
  readonly tagTtl: number;
  /** Whether a tag older than that is confirmed before the answer or after it. */
  readonly revalidate: 'before' | 'behind';
  /** How long after its last confirmation a tag may be served while the upstream fails. */
  readonly maxStale: number;
  /** Whether an image that is gone upstream is still served. */
  readonly onDeleted: OnDeleted;
  /** Tags that never move once they exist. */
  readonly immutableTags: readonly RegExp[];
  /** Repositories that may be pulled; an empty list allows all. */
  readonly allow: readonly Pick<RepositoryPattern, 'test'>[];
  /** Repositories that may not be pulled. Overrides `allow`. */
  readonly deny: readonly Pick<RepositoryPattern, 'test'>[];
  /** Rules about tags: of each kind the first that matches applies. */
  readonly tags: readonly TagRule[];
  /** Whether `1.25--as-of-20261101` names what the tag named then. */
  readonly asOf: boolean;
  readonly keep: {
    /** Images that were not pulled for so long are evicted; undefined: only when the store is full. */
    readonly age: number | undefined;
    /** Images of these tags are never evicted. */
    readonly pins: readonly TagPattern[];
  };
  /**
   * How a client gets a blob that is not stored: through this mirror, or by the upstream's own redirect
   * while the mirror fills in the background.
   */
  readonly delivery: 'stream' | 'redirect';
}

/** What happens to an image that its upstream no longer has. */
export type OnDeleted =
  | 'refuse'
  | {
      /** For how long it is served. */
      readonly keepFor: number;
      /** Not if it was first seen less than this before it disappeared. */
      readonly minimumAge: number;
    };

/** True if the policy lets clients pull the repository of this name. */
export function isAllowed(policy: Pick<UpstreamPolicy, 'allow' | 'deny'>, name: string): boolean {
  if (policy.deny.some((pattern) => pattern.test(name))) return false;
  return policy.allow.length === 0 || policy.allow.some((pattern) => pattern.test(name));
}
