import { type Repository, repositoryKey } from '../../oci/repository.ts';
import { UpstreamError } from '../../upstream/upstream-error.ts';
import { goOnWithout } from '../asking/go-on-without.ts';
import type { BlobOutcome } from '../outcome.ts';
import type { Parts } from '../parts.ts';
import type { WantedPart } from './wanted-part.ts';

const firstPause = 100;
const longestPause = 1_000;

/**
 * What a client gets once another instance has filled the blob, or an UpstreamError when that takes
 * longer than `milliseconds`.
 */
export async function awaitFill(
  parts: Parts,
  repository: Repository,
  part: WantedPart,
  milliseconds: number,
): Promise<BlobOutcome> {
  const giveUp = parts.runtime.now() + milliseconds;
  for (let pause = firstPause; ; pause = Math.min(pause * 2, longestPause)) {
    const looking = parts.blobs.locate(part.digest, part.range);
    const location = await goOnWithout(parts, 'locate blob', looking);
    if (location?.kind === 'redirect') return { ...location, provenance: { kind: 'miss' } };
    if (location !== undefined) {
      return { ...location, range: part.range, provenance: { kind: 'miss' } };
    }
    if (parts.runtime.now() >= giveUp) {
      const message = `${repositoryKey(repository)}: the fill of ${part.digest} is not done yet`;
      throw new UpstreamError('timeout', message);
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
