import type { Repository } from '../../oci/repository.ts';
import type { CallCount } from '../../ports/upstream.ts';
import { unobtainable } from '../../sources/ask-source.ts';
import { type Parts, upstreamOf } from '../context.ts';
import { upstreamLocation } from '../fills/upstream-location.ts';
import type { BlobOutcome } from '../outcome.ts';
import type { WantedPart } from '../wanted-part.ts';
import { fillBehind } from './fill-behind.ts';
import { passThrough } from './pass-through.ts';

/**
 * What a client gets that may read a blob which is not stored: the upstream's redirect, or, where it
 * sends none, what the platform's `missingBlobs` answers. `storeFails` is true where nobody can tell
 * whether it is stored: nothing is begun in the store then.
 */
export async function missingBlob(
  parts: Parts,
  repository: Repository,
  part: WantedPart,
  storeFails: boolean,
  calls: CallCount,
): Promise<BlobOutcome> {
  const { policy } = upstreamOf(parts, repository);
  try {
    if (policy.delivery === 'redirect') {
      const location = await upstreamLocation(parts, repository, part.digest, calls);
      if (location.kind === 'redirect') {
        await fillBehind(parts, repository, part);
        return { ...location, provenance: { kind: 'miss' } };
      }
      if (location.kind !== 'direct') return location;
    }
    if (storeFails && !parts.missingBlobs.areFilledBehind) {
      return await passThrough(parts, repository, part, calls);
    }
    return await parts.missingBlobs.answer(parts, repository, part, calls);
  } catch (error) {
    return unobtainable(error, repository);
  }
}
