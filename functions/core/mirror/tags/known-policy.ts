import type { Repository } from '../../oci/repository.ts';
import type { TagRecord } from '../../ports/manifest-store.ts';
import type { TagState } from '../../ports/tag-states.ts';
import type { TagDecision } from '../../tag-policy/decision.ts';
import type { TagRule, TagRules } from '../../tag-policy/tag-rule.ts';
import type { Candidates } from './candidate.ts';

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
  /** What is decided without the tag's record. */
  readonly order: Recent<TagDecision>;
  readonly candidates: Recent<Candidates>;
}

/** A tag whose images a person keeps. */
export interface PinnedTag {
  readonly repository: Repository;
  readonly tag: string;
  /** In ms since 1970; undefined: by another decision. */
  readonly until: number | undefined;
}

/** For how long a decision is used again, in ms. Those of people may end as much later. */
const recentLife = 100;

/**
 * The last decision about a tag: of the many clients that pull it at the same time, one has it made. It is
 * made again for another record.
 */
export class Recent<Decision> {
  #last: { readonly record: TagRecord | undefined; readonly at: number } | undefined;
  #decision: Decision | undefined;

  /** `now` in ms since 1970. */
  of(record: TagRecord | undefined, now: number, decide: () => Decision): Decision {
    const last = this.#last;
    if (
      last === undefined ||
      this.#decision === undefined ||
      last.record !== record ||
      now < last.at ||
      now - last.at >= recentLife
    ) {
      this.#last = { record, at: now };
      this.#decision = decide();
    }
    return this.#decision;
  }
}
