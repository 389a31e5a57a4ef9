import { UpstreamError } from '../../ports/upstream-error.ts';
import type { Source } from '../../sources/source.ts';
import { BlobRefused, type Fill, JoinedFillRefused } from '../blob-fill.ts';
import type { BlobRequest, Context, MissingBlobs } from '../context.ts';
import type { BlobOutcome } from '../mirror.ts';
import { isStorable, queueFill } from './background-fill.ts';
import { passThrough } from './pass-through.ts';

/** A range that begins further ahead of the fill is read from the upstream. In bytes. */
const farAhead = 8 * 1024 * 1024;

/** For a single instance that fills itself: clients get the fill's bytes as they arrive. */
export const followFills: MissingBlobs = {
  otherInstancesFill: false,
  async answer(context, source, request) {
    // If the store keeps failing, following a fill would cut this client's retry as well.
    if (context.fills.storeFails || !isStorable(context, source.repository, request)) {
      return passThrough(context, source, request);
    }
    return followFill(context, source, request);
  },
};

async function followFill(
  context: Context,
  source: Source,
  request: BlobRequest,
): Promise<BlobOutcome> {
  const { repository } = source;
  const { digest, size, range, mayUseStore } = request;
  // A store that cannot answer may have the blob.
  if (!mayUseStore && (await context.attempt.blobs.stat(digest)) !== undefined) {
    return passThrough(context, source, request);
  }
  const isJoined = context.fills.isFilling(digest, repository.registry);
  const fill = await context.fills.start(repository, request, { isNamed: mayUseStore });
  if (fill?.put.follow === undefined) {
    await queueFill(context, repository, request);
    return passThrough(context, source, request);
  }
  if (isFarAhead(fill, request)) {
    const end = context.upstreamReads.beside(source, digest);
    if (end !== undefined) return passThrough(context, source, request, end);
  }
  if (!isJoined) source.upstreamCalls += 1;
  try {
    await source.follow(fill.answered);
  } catch (error) {
    // The upstream does not answer, and would not answer this request either.
    if (error instanceof UpstreamError && error.kind === 'timeout') throw error;
    if (error instanceof BlobRefused) return error.refusal;
    if (error instanceof JoinedFillRefused) {
      await fill.done.catch(() => undefined);
      return followFill(context, source, request);
    }
    // The store failed before the first byte, so this client can still get them all.
    return passThrough(context, source, request);
  }
  // Another registry's fill may have stored the blob meanwhile.
  if (!mayUseStore && !fill.isFetched()) return passThrough(context, source, request);
  const body = fill.put.follow(range);
  return { kind: 'stream', size, range, body, provenance: { kind: 'miss' } };
}

function isFarAhead({ put }: Fill, { range }: BlobRequest): boolean {
  return (range?.start ?? 0) - (put.arrived?.() ?? 0) > farAhead;
}
