import type { Digest } from '../../oci/digest.ts';
import type { TagRecord } from '../../ports/manifest-store.ts';
import type { PolicyReason } from '../../ports/policy-reason.ts';
import { tagPolicy } from '../../tag-policy/decision.ts';
import { historyOf, standing } from '../../tag-policy/history.ts';
import type { ManifestOutcome } from '../mirror.ts';
import type { Candidate, Candidates } from './candidate.ts';
import type { KnownPolicy } from './known-policy.ts';

/** Which images a tag with this record may be served as. */
export type CandidatesOf = (record: TagRecord) => Candidates;

/** What the upstream says, without any rule. */
export const latestOnly: CandidatesOf = (record) => ({ images: [record] });

/** The images that a decision allows, in order, for a tag with this record. */
export function candidatesOf(record: TagRecord, known: KnownPolicy, now: number): Candidates {
  return known.candidates.of(record, now, () => decideCandidates(record, known, now));
}

function decideCandidates(
  record: TagRecord,
  { rules, state }: KnownPolicy,
  now: number,
): Candidates {
  const decision = tagPolicy(record, state, rules, { now });
  if (decision.kind !== 'serve') return { images: [], held: decision.reason };
  const { digest = record.digest, reason, otherwise, observed } = decision;
  const chosen = imageOf(digest, record, reason.kind === 'latest' ? undefined : reason);
  if (otherwise === 'latest') {
    // The old enough image is gone: what `first` allows is better than nothing.
    return { images: [chosen, imageOf(record.digest, record, reason)] };
  }
  if (otherwise === 'hold') return { images: [chosen], held: reason };
  const { cooldown } = rules;
  if (reason.kind !== 'latest' || cooldown?.cooldown === undefined || cooldown.mode === 'observe') {
    return { images: [chosen], observed };
  }
  // A digest that just became old enough may not be stored yet, and its upstream may fail.
  const { age, clock } = cooldown.cooldown;
  const before = historyOf(record, state)
    .slice(1)
    .find((run) => standing(run, clock) >= age);
  if (before === undefined || before.digest === digest) return { images: [chosen] };
  return {
    images: [chosen, imageOf(before.digest, record, { kind: 'previous', newest: digest })],
  };
}

/** An image of the tag; what the record does not name is known by its digest alone. */
export function imageOf(
  digest: Digest,
  record: TagRecord | undefined,
  policy: PolicyReason | undefined,
): Candidate {
  const isNamed = record?.digest === digest;
  return {
    digest,
    mediaType: isNamed ? record.mediaType : '',
    size: isNamed ? record.size : 0,
    policy,
  };
}

/** The outcome of a tag none of whose images may be served. */
export function heldOutcome(policy: PolicyReason): ManifestOutcome {
  return { kind: 'held', policy };
}

/** An outcome with the reason for its image, if there is one. */
export function withPolicy(
  outcome: ManifestOutcome,
  policy: PolicyReason | undefined,
): ManifestOutcome {
  if (outcome.kind !== 'found' || policy === undefined) return outcome;
  // Not a spread, which takes longer than all else that a decision costs.
  const { kind, digest, mediaType, size, bytes, provenance } = outcome;
  return { kind, digest, mediaType, size, bytes, provenance, policy };
}
