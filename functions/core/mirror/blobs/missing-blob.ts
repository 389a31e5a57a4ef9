import type { Source } from '../../sources/source.ts';
import type { WantedPart } from '../blob-part.ts';
import type { Context } from '../context.ts';
import { upstreamLocation } from '../fills/upstream-location.ts';
import type { BlobOutcome } from '../outcome.ts';
import { fillBehind } from './background-fill.ts';
import { passThrough } from './pass-through.ts';

/**
 * What a client gets that may read a blob which is not stored: the upstream's redirect, or, where it
 * sends none, what the platform's `missingBlobs` answers. `storeFails` is true where nobody can tell
 * whether it is stored: nothing is begun in the store then.
 */
export async function missingBlob(
  context: Context,
  source: Source,
  part: WantedPart,
  storeFails: boolean,
): Promise<BlobOutcome> {
  try {
    if (source.policy.delivery === 'redirect') {
      const location = await upstreamLocation(context, source, part.digest);
      if (location.kind === 'redirect') {
        await fillBehind(context, source.repository, part);
        return { ...location, provenance: { kind: 'miss' } };
      }
      if (location.kind !== 'direct') return location;
    }
    if (storeFails && !context.missingBlobs.areFilledBehind) {
      return await passThrough(context, source, part);
    }
    return await context.missingBlobs.answer(context, source, part);
  } catch (error) {
    return source.unobtainable(error);
  }
}
