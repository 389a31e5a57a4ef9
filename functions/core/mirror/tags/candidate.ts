import type { TagRecord } from '../../ports/manifest-store.ts';
import type { PolicyReason } from '../../ports/policy-reason.ts';

/** An image that a tag may be served as. Its media type and size may be unknown: '' and 0. */
export interface Candidate extends Pick<TagRecord, 'digest' | 'mediaType' | 'size'> {
  readonly policy?: PolicyReason | undefined;
}

/** Images in the order of preference; `held` if nothing else may be served in their place. */
export interface Candidates {
  readonly images: readonly Candidate[];
  readonly held?: PolicyReason | undefined;
  /** What a rule that only observes would have done. */
  readonly observed?: PolicyReason | undefined;
}
