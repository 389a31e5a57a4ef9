import type { Digest } from '../../oci/digest.ts';
import type { PageRequest } from '../../oci/page.ts';
import type { Repository } from '../../oci/repository.ts';
import type { UpstreamError } from '../../ports/upstream-error.ts';
import type { Source } from '../../sources/source.ts';
import type { Context } from '../context.ts';
import { checkTag } from './check-tag.ts';

/** The most tags that one call confirms. */
const mostTags = 500;

/** The time between two tags, in ms: each costs a HEAD, and a tag that moved a GET. */
const pause = 100;

/** What the upstream says about a tag now. */
export type RefreshedTag = { readonly tag: string } & (
  | { readonly kind: 'unchanged' | 'new'; readonly digest: Digest }
  | { readonly kind: 'moved'; readonly digest: Digest; readonly before: Digest }
  /** The upstream does not have the tag, or does not let this mirror read it. */
  | { readonly kind: 'absent' | 'denied' }
  | { readonly kind: 'failed'; readonly error: UpstreamError }
);

/** The tags that one call confirmed, in the order of code units. */
export interface Refresh {
  readonly tags: readonly RefreshedTag[];
  /** Why tags were left out: the upstream limits requests or fails, so it is not asked for a while. */
  readonly stopped: UpstreamError | undefined;
  /** Whether there are more tags, and after which tag to continue. */
  readonly hasMore: boolean;
  readonly last: string | undefined;
}

/**
 * Has the upstream confirm one tag, or a page of the tags that the mirror knows of a repository, although
 * they are fresh. It asks for one at a time, and stops when the upstream limits requests or fails. The
 * repository's registry must be configured. Rejects only if the index cannot list the tags.
 */
export async function refresh(
  context: Context,
  repository: Repository,
  tag?: string,
  { limit = mostTags, last }: PageRequest = { limit: mostTags, last: undefined },
): Promise<Refresh> {
  const source = context.sources.of(repository, { isBackground: true });
  const page =
    tag === undefined
      ? await context.ports.manifests.listTags(repository, {
          limit: Math.min(limit, mostTags),
          last,
        })
      : { entries: [tag], next: undefined };
  const tags: RefreshedTag[] = [];
  for (const one of page.entries) {
    if (tags.length > 0) await context.runtime.sleep(pause);
    const { recentFailure } = source;
    if (recentFailure !== undefined || context.stopping.aborted) {
      return { tags, stopped: recentFailure, hasMore: true, last: tags.at(-1)?.tag ?? last };
    }
    tags.push(await confirm(context, source, one));
  }
  return { tags, stopped: undefined, hasMore: page.next !== undefined, last: page.next };
}

async function confirm(context: Context, source: Source, tag: string): Promise<RefreshedTag> {
  const known = await context.manifests.getTag(source.repository, tag);
  try {
    const checked = await checkTag(context, source, tag, known, true);
    if (checked.kind === 'unobtainable') return { tag, kind: 'failed', error: checked.error };
    if (checked.kind !== 'found') return { tag, kind: checked.kind };
    context.memory.backgroundChecks.delete(`${source.key}:${tag}`);
    const { digest } = checked.record;
    if (known === undefined) return { tag, kind: 'new', digest };
    const before = known.digest;
    return digest === before
      ? { tag, kind: 'unchanged', digest }
      : { tag, kind: 'moved', digest, before };
  } catch (error) {
    return { tag, kind: 'failed', error: source.toUpstreamError(error) };
  }
}
