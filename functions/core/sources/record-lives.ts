import { listLife } from '../ports/manifest-store.ts';
import type { UpstreamPolicy } from './upstream-policy.ts';

const day = 86_400_000;

/** How long a tag's record is kept for its history, in ms. */
const historyLife = 365 * day;

/** What is added, so that a record outlives its last use by a policy, in ms. */
const margin = 30 * day;

/** How long records of a registry are kept after they were written, in ms. */
export interface RecordLives {
  /** Infinite for a tag that is never checked again. */
  ofTag(registry: string, tag: string): number;
  ofList(registry: string): number;
}

type Policies = ReadonlyMap<
  string,
  Pick<UpstreamPolicy, 'maxStale' | 'onDeleted' | 'immutableTags'>
>;

/**
 * How long the records of each registry are kept: longer than its policy may serve from them, after
 * their last check (`maxStale`), or after the registry deleted the image (`keepFor`).
 */
export function recordLives(policies: Policies): RecordLives {
  const longestUse = (registry: string) => {
    const policy = policies.get(registry);
    const { maxStale = 0, onDeleted = 'refuse' } = policy ?? {};
    return Math.max(maxStale, onDeleted === 'refuse' ? 0 : onDeleted.keepFor);
  };
  return {
    ofTag(registry, tag) {
      const { immutableTags = [] } = policies.get(registry) ?? {};
      if (immutableTags.some((pattern) => pattern.test(tag))) return Number.POSITIVE_INFINITY;
      return Math.max(longestUse(registry), historyLife) + margin;
    },
    ofList: (registry) => Math.max(longestUse(registry), listLife) + margin,
  };
}
