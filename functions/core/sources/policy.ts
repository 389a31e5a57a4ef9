/** How one upstream is mirrored. Durations are in ms. */
export interface UpstreamPolicy {
  /** For how long a tag is served without asking the upstream. */
  readonly tagTtl: number;
  /** For how long after its last confirmation a tag may be served while the upstream fails. */
  readonly maxStale: number;
  /** Tags that never move once seen. */
  readonly immutableTags: readonly RegExp[];
  /** Repositories that may be pulled; an empty list allows all. */
  readonly allow: readonly RegExp[];
  /** Repositories that may not be pulled, whatever `allow` says. */
  readonly deny: readonly RegExp[];
  /**
   * How a blob that is not stored yet reaches the client: through this mirror, or by the upstream's
   * own redirect while the mirror fills behind it.
   */
  readonly delivery: 'stream' | 'redirect';
}

/** True when the policy lets clients pull the repository of this name. */
export function isAllowed(policy: Pick<UpstreamPolicy, 'allow' | 'deny'>, name: string): boolean {
  if (policy.deny.some((pattern) => pattern.test(name))) return false;
  return policy.allow.length === 0 || policy.allow.some((pattern) => pattern.test(name));
}
