import type { Repository } from '../../oci/repository.ts';
import { goOnWithout } from '../../ports/tolerate.ts';
import type { CallCount } from '../../ports/upstream.ts';
import type { MissingBlobs, Parts } from '../context.ts';
import type { Fill } from '../filling.ts';
import { RefusedElsewhere } from '../fills/refused.ts';
import { BlobRefused } from '../fills/resuming-source.ts';
import type { BlobOutcome } from '../outcome.ts';
import type { WantedPart } from '../wanted-part.ts';
import { fillBehind, isStorable } from './fill-behind.ts';
import { passThrough } from './pass-through.ts';

/** A range that begins so far ahead of a fill is read from the upstream, not waited for. */
const farAhead = 8 * 1024 * 1024;

/**
 * For one instance that fills itself: clients get the fill's bytes as they arrive, or, where no fill
 * can serve them, the upstream's own.
 */
export const followFills: MissingBlobs = {
  areFilledBehind: false,
  async answer(parts, repository, part, calls) {
    // A fill that the store breaks off cuts its followers, and their next try again.
    if (parts.fills.storeFails || !isStorable(parts, repository, part)) {
      return passThrough(parts, repository, part, calls);
    }
    return followFill(parts, repository, part, calls);
  },
};

async function followFill(
  parts: Parts,
  repository: Repository,
  part: WantedPart,
  calls: CallCount,
): Promise<BlobOutcome> {
  if (!part.mayBeStored && (await isStored(parts, part))) {
    return passThrough(parts, repository, part, calls);
  }
  const before = parts.fills.isFilling(part.digest, repository.registry);
  const fill = await goOnWithout(parts, 'start fill', parts.fills.start(repository, part));
  if (fill?.put.follow === undefined || isFarAhead(fill, part)) {
    await fillBehind(parts, repository, part);
    return passThrough(parts, repository, part, calls);
  }
  if (!before) calls.upstreamCalls += 1;
  try {
    await fill.answered;
  } catch (error) {
    if (error instanceof BlobRefused) return error.refusal;
    if (error instanceof RefusedElsewhere) {
      await fill.done.catch(() => undefined);
      return followFill(parts, repository, part, calls);
    }
    // The store failed before there was a byte to follow: the client still gets them.
    return passThrough(parts, repository, part, calls);
  }
  // Another registry's fill may have ended a moment ago.
  if (!part.mayBeStored && !fill.isFetched()) return passThrough(parts, repository, part, calls);
  const body = fill.put.follow(part.range);
  const { size, range } = part;
  return { kind: 'stream', size, range, body, provenance: { kind: 'miss' } };
}

/** Also true when the store cannot say it. */
async function isStored(parts: Parts, { digest }: WantedPart): Promise<boolean> {
  const looking = parts.blobs.stat(digest).then((blob) => blob !== undefined);
  return (await goOnWithout(parts, 'stat blob', looking)) ?? true;
}

function isFarAhead(fill: Fill, part: WantedPart): boolean {
  const start = part.range?.start ?? 0;
  return start - (fill.put.arrived?.() ?? 0) > farAhead;
}
