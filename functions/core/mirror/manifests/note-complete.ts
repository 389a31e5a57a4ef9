import type { Digest } from '../../oci/digest.ts';
import type { Repository } from '../../oci/repository.ts';
import type { Parts } from '../parts.ts';
import { knownManifest } from './known-manifest.ts';
import { isComplete } from './servable.ts';

/**
 * After a fill: notes in the index that a manifest has all its blobs now, if it has, so that an
 * instance that knows nothing yet can serve it without asking for each of them. Does not reject.
 */
export async function noteComplete(
  parts: Parts,
  repository: Repository,
  manifest: Digest | undefined,
): Promise<void> {
  if (parts.fillsBehind === undefined || manifest === undefined) return;
  const known = await knownManifest(parts, repository, manifest);
  if (known !== undefined) await isComplete(parts, repository, known);
}
