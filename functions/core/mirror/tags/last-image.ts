import type { Digest } from '../../oci/digest.ts';
import type { Source } from '../../sources/source.ts';
import type { Context } from '../context.ts';
import { isComplete, whyChildLacks } from '../manifests/completeness.ts';
import { getManifest } from '../manifests/manifest-cache.ts';
import type { CachedManifest } from '../memory.ts';

/**
 * The image that a record names, if clients can pull all of it although the upstream does not confirm the
 * tag now: the upstream may have moved the tag and dropped the image's blobs.
 */
export async function lastImage(
  context: Context,
  source: Source,
  { digest }: { readonly digest: Digest },
): Promise<CachedManifest | undefined> {
  const cached = await getManifest(context, source.repository, digest);
  if (cached === undefined || !(await isComplete(context, source.repository, cached))) {
    return undefined;
  }
  return (await whyChildLacks(context, source, cached, true)) === undefined ? cached : undefined;
}
