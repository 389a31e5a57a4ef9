import type { TagState } from '../../ports/tag-states.ts';
import type { TagRule, TagRules } from '../../tag-policy/tag-rule.ts';

/** What decides about a tag, in memory. */
export interface KnownPolicy {
  readonly rules: TagRules;
  readonly state: TagState;
  /** Of the stored state; undefined if there is none. */
  readonly revision: number | undefined;
  /** True if a later version of this software wrote the state. */
  readonly isNewer: boolean;
  /** Ms since 1970. */
  readonly read: number;
  /** The configured rules that `rules` is chosen from: a new configuration brings others. */
  readonly configured: readonly TagRule[];
  /** True if the tag always names what its upstream says. */
  readonly isPlain: boolean;
}
