import type { Digest } from '../../oci/digest.ts';
import type { Repository } from '../../oci/repository.ts';
import { goOnWithout } from '../../ports/tolerate.ts';
import type { Parts } from '../context.ts';
import { markComplete, neededBlobs } from './completeness.ts';
import { knownManifest } from './known-manifest.ts';

/**
 * After a fill: notes in the index that a manifest has all its blobs now, if it has, so that an
 * instance that knows nothing yet can serve it without asking for each of them. Does not reject.
 *
 * Every fill of an image ends here, so they are asked for one by one up to the first that is
 * missing: all at once would be as many questions as blobs times blobs. The last ones first: they
 * are queued in their order, and those before the one that was just filled are stored.
 */
export async function noteComplete(
  parts: Parts,
  repository: Repository,
  manifest: Digest | undefined,
): Promise<void> {
  if (!parts.missingBlobs.areFilledBehind || manifest === undefined) return;
  const known = await knownManifest(parts, repository, manifest);
  if (known?.contents?.kind !== 'image' || known.contents.hasMore) return;
  if (parts.memory.complete.get(manifest)) return;
  for (const { digest, size } of neededBlobs(known).toReversed()) {
    const stored = await goOnWithout(parts, 'stat blob', parts.blobs.stat(digest));
    if (stored?.size !== size) return;
  }
  markComplete(parts, repository, manifest);
}
