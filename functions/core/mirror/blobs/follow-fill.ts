import type { Source } from '../../sources/source.ts';
import type { Context, MissingBlobs, WantedPart } from '../context.ts';
import { BlobRefused, RefusedElsewhere } from '../fills/blob-refusal.ts';
import type { BlobOutcome } from '../outcome.ts';
import type { Fill } from '../running-fill.ts';
import { fillBehind, isStorable } from './background-fill.ts';
import { passThrough } from './pass-through.ts';

/** A range that begins so far ahead of a fill is read from the upstream, not waited for. */
const farAhead = 8 * 1024 * 1024;

/**
 * For one instance that fills itself: clients get the fill's bytes as they arrive, or, where no fill
 * can serve them, the upstream's own.
 */
export const followFills: MissingBlobs = {
  areFilledBehind: false,
  async answer(context, source, part) {
    // A fill that the store breaks off cuts its followers, and their next try again.
    if (context.fills.storeFails || !isStorable(context, source.repository, part)) {
      return passThrough(context, source, part);
    }
    return followFill(context, source, part);
  },
};

async function followFill(
  context: Context,
  source: Source,
  part: WantedPart,
): Promise<BlobOutcome> {
  if (!part.mayBeStored && (await isStored(context, part))) {
    return passThrough(context, source, part);
  }
  const before = context.fills.isFilling(part.digest, source.repository.registry);
  const fill = await context.fills.start(source.repository, part);
  if (fill?.put.follow === undefined || isFarAhead(fill, part)) {
    await fillBehind(context, source.repository, part);
    return passThrough(context, source, part);
  }
  if (!before) source.upstreamCalls += 1;
  try {
    await fill.answered;
  } catch (error) {
    if (error instanceof BlobRefused) return error.refusal;
    if (error instanceof RefusedElsewhere) {
      await fill.done.catch(() => undefined);
      return followFill(context, source, part);
    }
    // The store failed before there was a byte to follow: the client still gets them.
    return passThrough(context, source, part);
  }
  // Another registry's fill may have ended a moment ago.
  if (!part.mayBeStored && !fill.isFetched()) return passThrough(context, source, part);
  const body = fill.put.follow(part.range);
  const { size, range } = part;
  return { kind: 'stream', size, range, body, provenance: { kind: 'miss' } };
}

/** Also true when the store cannot say it. */
async function isStored(context: Context, { digest }: WantedPart): Promise<boolean> {
  return (await context.attempt.blobs.stat(digest)) !== undefined;
}

function isFarAhead(fill: Fill, part: WantedPart): boolean {
  const start = part.range?.start ?? 0;
  return start - (fill.put.arrived?.() ?? 0) > farAhead;
}
