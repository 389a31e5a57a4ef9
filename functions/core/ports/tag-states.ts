import type { Digest } from '../oci/digest.ts';
import type { Repository } from '../oci/repository.ts';
import type { Consistency } from './consistency.ts';

/** What made this mirror ask: a client's pull, a check after an answer, or a person's refresh. */
export type SeenBy = 'pull' | 'revalidation' | 'refresh';

/** A time without interruption in which a tag named one digest, by this mirror's sightings. */
export interface TagRun {
  readonly digest: Digest;
  /** When it was first seen, in ms since 1970. */
  readonly first: number;
  /** When it was last confirmed as of the last write, in ms since 1970: the tag's record may know more. */
  readonly last: number;
  readonly seenBy: SeenBy;
  /**
   * When the registry's own clock says that it was pushed, not before the run before it ended, in ms since
   * 1970; `first` if the registry was asked and did not say. undefined: it was not asked.
   */
  readonly pushed?: number | undefined;
}

/** What a person decided about a tag. */
export interface TagOrder {
  readonly digest: Digest;
  readonly by: string;
  readonly why: string;
  /** In ms since 1970. */
  readonly since: number;
  /** When it ends, in ms since 1970; undefined: by another decision. */
  readonly until?: number | undefined;
}

/** The digest that a rule `"freeze": true` saw first. */
export interface RuleFreeze {
  /** The rule's `match`. */
  readonly rule: string;
  readonly digest: Digest;
  /** In ms since 1970. */
  readonly since: number;
}

/** What this mirror knows about a tag beyond what it names now. */
export interface TagState {
  /** Newest first, at most `mostRuns`, and one more that a cooldown needs. */
  readonly runs: readonly TagRun[];
  readonly frozen?: TagOrder | undefined;
  readonly rolledBack?: TagOrder | undefined;
  readonly ruleFreeze?: RuleFreeze | undefined;
  /** Digests that are served although they are younger than a cooldown. At most `mostBypasses`. */
  readonly bypassed: readonly TagOrder[];
  /** Set while a person keeps the tag's image from eviction. */
  readonly pinned?: Omit<TagOrder, 'digest'> | undefined;
}

/** How many digests of a tag are remembered, and how many bypasses. */
export const mostRuns = 100;
export const mostBypasses = 20;

/** How long a digest is remembered after the tag last named it, in ms. */
export const runLife = 365 * 86_400_000;

/** A state as it is stored. */
export interface StoredTagState {
  readonly state: TagState;
  /** Increases with each write. */
  readonly revision: number;
  /** True if a later version of this software wrote it: it must not be overwritten. */
  readonly isNewer: boolean;
}

/** A tag's state in a list. */
export interface ListedTagState extends StoredTagState {
  readonly tag: string;
}

/**
 * What is known about tags over time. A state is a row of its own, because a check writes only the tag's
 * small record. It is dropped some time after `runLife` without a write, unless a person or a rule decided
 * something about the tag that has not ended.
 */
export interface TagStates {
  getTagState(
    repository: Repository,
    tag: string,
    consistency?: Consistency,
  ): Promise<StoredTagState | undefined>;

  /**
   * Writes a tag's state if the stored one still has this revision (undefined: there is none). False if
   * another instance wrote one meanwhile.
   */
  putTagState(
    repository: Repository,
    tag: string,
    state: TagState,
    revision: number | undefined,
  ): Promise<boolean>;

  /** The states of a repository's tags, in the order of their code units. */
  listTagStates(repository: Repository): Promise<readonly ListedTagState[]>;
}
