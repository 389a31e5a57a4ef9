import type { Digest } from '../../oci/digest.ts';
import type { Source } from '../../sources/source.ts';
import type { Context } from '../context.ts';
import { manifestKey } from '../manifests/manifest-cache.ts';
import { lastImage } from './last-image.ts';

/** How long an answer of the upstream about a digest counts, in ms. */
const answerLife = 60_000;

/**
 * Whether an image can be had now: it is complete here, or its upstream still has it by digest. A HEAD
 * costs no pull, and is not repeated for a minute. Does not reject.
 */
export async function isObtainable(
  context: Context,
  source: Source,
  digest: Digest,
): Promise<boolean> {
  if ((await lastImage(context, source, { digest })) !== undefined) return true;
  if (source.recentFailure !== undefined) return false;
  const { obtainable } = context.memory;
  const key = manifestKey(source.repository, digest);
  const known = obtainable.get(key);
  if (known !== undefined) return known;
  try {
    const { kind } = await source.headManifest({ kind: 'digest', digest });
    const has = kind === 'found' || kind === 'unsupported';
    obtainable.set(key, has, answerLife);
    return has;
  } catch {
    // The source noted why.
    return false;
  }
}
