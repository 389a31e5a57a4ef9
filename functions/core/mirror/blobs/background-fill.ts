import type { Repository } from '../../oci/repository.ts';
import type { Context, MissingBlobs, WantedPart } from '../context.ts';
import { enqueueFills } from '../enqueue-fills.ts';
import { registryBlobKey } from '../memory.ts';
import { passThrough } from './pass-through.ts';

/** For answers that may take as long as a blob does: each is passed through, and filled behind. */
export const passThroughAll: MissingBlobs = {
  areFilledBehind: true,
  async answer(context, source, part) {
    await fillBehind(context, source.repository, part);
    return passThrough(context, source, part);
  },
};

/** Queues a fill that no client waits for, unless it cannot be stored or nobody stated its size. */
export async function fillBehind(
  context: Context,
  repository: Repository,
  part: WantedPart,
): Promise<void> {
  const { digest, size } = part;
  if (!isFillable(context, repository, part) || size === undefined) return;
  if (context.fills.isFilling(digest, repository.registry)) return;
  await enqueueFills(context, [{ repository, blob: { digest, size, mediaType: '' } }]);
}

/** True when the blob can be stored by a fill that is queued. */
export function isFillable(context: Context, repository: Repository, part: WantedPart): boolean {
  return part.size !== undefined && isStorable(context, repository, part);
}

/**
 * True unless the blob is too large, or a fill of it from the same registry was given up lately. One
 * of unknown size is storable until its fill shows how large it is.
 */
export function isStorable(
  { limits, memory }: Context,
  { registry }: Repository,
  { digest, size = 0 }: Pick<WantedPart, 'digest' | 'size'>,
): boolean {
  return (
    size <= limits.maxBlobBytes &&
    memory.unfillable.get(registryBlobKey(registry, digest)) === undefined
  );
}
