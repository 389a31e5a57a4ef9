import type { Repository } from '../../oci/repository.ts';
import { asUpstreamError } from '../../sources/ask-source.ts';
import { type Parts, upstreamOf } from '../context.ts';
import type { Provenance, Unobtained } from '../outcome.ts';

/** A list of an upstream, and how its answer came about. */
export type ListOutcome<List> =
  | { readonly kind: 'found'; readonly list: List; readonly provenance: Provenance }
  | Unobtained;

/** Where a list comes from, the best place first. */
export interface ListSources<List> {
  /** The list as it was kept, from memory or the index. */
  readonly known: List | undefined;
  /** Asks the upstream, and keeps what it says; with a provenance where that is older than now. */
  fetch(): Promise<(List & { readonly provenance?: Provenance }) | Unobtained>;
  /** What to serve when the upstream fails; `known` is what there is, unless it is too old. */
  standIn(known: List | undefined): Promise<List | undefined>;
}

/** A list of an upstream: the kept one while it is fresh, else the upstream's, else a stale one. */
export async function keptList<List extends { readonly checked: number }>(
  parts: Parts,
  repository: Repository,
  sources: ListSources<List>,
): Promise<ListOutcome<List>> {
  const { known } = sources;
  const { policy } = upstreamOf(parts, repository);
  const age = known === undefined ? 0 : parts.runtime.now() - known.checked;
  if (known !== undefined && age >= 0 && age < policy.tagTtl) {
    const ttl = Math.ceil((policy.tagTtl - age) / 1000);
    return { kind: 'found', list: known, provenance: { kind: 'hit', ttl } };
  }
  try {
    const list = await sources.fetch();
    if ('kind' in list) return list;
    return { kind: 'found', list, provenance: list.provenance ?? { kind: 'miss' } };
  } catch (thrown) {
    const error = asUpstreamError(thrown, repository);
    const list = await sources.standIn(age <= policy.maxStale ? known : undefined);
    if (list === undefined) return { kind: 'unobtainable', error };
    const reason = error.message;
    const seconds = Math.max(0, Math.floor(age / 1000));
    const provenance = { kind: 'stale', age: seconds, reason } as const;
    return { kind: 'found', list, provenance };
  }
}
