import type { Repository } from '../../oci/repository.ts';
import type { BlobRequest, Context, MissingBlobs } from '../context.ts';
import { enqueueFill } from '../enqueue-fills.ts';
import { registryBlobKey } from '../memory.ts';
import { passThrough } from './pass-through.ts';

/** For platforms with answers of any length: blobs are passed through and filled in the background. */
export const passThroughAll: MissingBlobs = {
  otherInstancesFill: true,
  async answer(context, source, request) {
    await queueFill(context, source.repository, request);
    return passThrough(context, source, request);
  },
};

/** Queues a background fill of a blob, unless it cannot be stored or is being filled here. */
export async function queueFill(
  context: Context,
  repository: Repository,
  request: BlobRequest,
): Promise<void> {
  const { digest, size } = request;
  if (size === undefined || !isFillable(context, repository, request)) return;
  if (context.fills.isFilling(digest, repository.registry)) return;
  await enqueueFill(context, { repository, blob: { digest, size, mediaType: '' } });
}

/** True if a queued fill can store the blob: jobs need its size. */
export function isFillable(
  context: Context,
  repository: Repository,
  request: BlobRequest,
): boolean {
  return request.size !== undefined && isStorable(context, repository, request);
}

/**
 * False if the blob is too large, or if its fill from this registry was recently given up. A blob of
 * unknown size counts as storable until its fill shows the size.
 */
export function isStorable(
  { limits, memory }: Context,
  { registry }: Repository,
  { digest, size = 0 }: BlobRequest,
): boolean {
  const isGivenUp = memory.unfillable.get(registryBlobKey(registry, digest)) === true;
  return size <= limits.maxBlobBytes && !isGivenUp;
}
