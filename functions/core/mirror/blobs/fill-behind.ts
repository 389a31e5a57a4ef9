import type { Repository } from '../../oci/repository.ts';
import { enqueueFills } from '../fills/enqueue-fills.ts';
import type { MissingBlobs, Parts } from '../parts.ts';
import { passThrough } from './pass-through.ts';
import type { WantedPart } from './wanted-part.ts';

/** For answers that may take as long as a blob does: each is passed through, and filled behind. */
export const passThroughAll: MissingBlobs = {
  areFilledBehind: true,
  async answer(parts, repository, part, calls) {
    await fillBehind(parts, repository, part);
    return passThrough(parts, repository, part, calls);
  },
};

/** Queues a fill that no client waits for, unless the blob is too large or nobody stated its size. */
export async function fillBehind(
  parts: Parts,
  repository: Repository,
  part: WantedPart,
): Promise<void> {
  const { digest, size } = part;
  if (!isFillable(parts, part) || size === undefined || parts.fills.isFilling(digest)) return;
  await enqueueFills(parts, [{ repository, blob: { digest, size, mediaType: '' } }]);
}

/** True when the blob can be stored by a fill that is queued. */
export function isFillable(parts: Pick<Parts, 'limits'>, { size }: WantedPart): boolean {
  return size !== undefined && size <= parts.limits.maxBlobBytes;
}
