import { type Repository, repositoryKey } from '../../oci/repository.ts';
import { UpstreamError } from '../../ports/upstream-error.ts';
import { pauseFor } from '../across-instances.ts';
import type { Context, MissingBlobs, WantedPart } from '../context.ts';
import type { BlobOutcome } from '../outcome.ts';
import { fillBehind, isFillable } from './background-fill.ts';
import { passThrough } from './pass-through.ts';

const firstPause = 100;
const longestPause = 1_000;

/** What an instance whose answers are bounded does with a blob. */
export interface AwaitBounds {
  /** Up to this size a blob is passed through, in bytes. */
  readonly passThroughBytes: number;
  /** How long a client waits for the fill of a larger one, in ms. */
  readonly wait: number;
}

/** For answers that are bounded: what is too large for one waits for the fill by another instance. */
export function awaitLarge({ passThroughBytes, wait }: AwaitBounds): MissingBlobs {
  return {
    areFilledBehind: true,
    async answer(context, source, part) {
      const { size = Number.POSITIVE_INFINITY, range } = part;
      await fillBehind(context, source.repository, part);
      const answered = range === undefined ? size : range.end - range.start + 1;
      if (answered <= passThroughBytes) return passThrough(context, source, part);
      // What comes into the bucket may be another registry's.
      if (!part.mayBeStored) throw notDone(source.repository, part);
      const patience = isFillable(context, source.repository, part) ? wait : 0;
      return awaitFill(context, source.repository, part, patience);
    },
  };
}

/**
 * What a client gets once another instance has filled the blob, or an UpstreamError when that takes
 * longer than `milliseconds`.
 */
async function awaitFill(
  context: Context,
  repository: Repository,
  part: WantedPart,
  milliseconds: number,
): Promise<BlobOutcome> {
  const giveUp = context.runtime.now() + milliseconds;
  for (let pause = firstPause; ; pause = Math.min(pause * 2, longestPause)) {
    const location = await context.blobs.locate(part.digest, part.range);
    if (location?.kind === 'redirect') return { ...location, provenance: { kind: 'miss' } };
    if (location !== undefined) {
      return { ...location, range: part.range, provenance: { kind: 'miss' } };
    }
    if (context.runtime.now() >= giveUp) throw notDone(repository, part);
    await pauseFor(context, pause);
  }
}

function notDone(repository: Repository, { digest }: WantedPart): UpstreamError {
  const message = `${repositoryKey(repository)}: the fill of ${digest} is not done yet`;
  return new UpstreamError('timeout', message);
}
