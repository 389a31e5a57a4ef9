import { type Repository, repositoryKey } from '../../oci/repository.ts';
import { UpstreamError } from '../../ports/upstream-error.ts';
import { pauseFor } from '../across-instances.ts';
import type { BlobRequest, Context, MissingBlobs } from '../context.ts';
import type { BlobOutcome } from '../mirror.ts';
import { isFillable, queueFill } from './background-fill.ts';
import { passThrough } from './pass-through.ts';

const firstPause = 100;
const longestPause = 1_000;

interface AwaitLimits {
  /** The largest body that is passed through, in bytes. */
  readonly passThroughBytes: number;
  /** How long a client waits for the fill of a larger one, in ms. */
  readonly wait: number;
}

/** For platforms that limit answers: larger bodies wait for another instance to fill the blob. */
export function awaitLarge({ passThroughBytes, wait }: AwaitLimits): MissingBlobs {
  return {
    otherInstancesFill: true,
    async answer(context, source, request) {
      const { size = Number.POSITIVE_INFINITY, range } = request;
      await queueFill(context, source.repository, request);
      const length = range === undefined ? size : range.end - range.start + 1;
      if (length <= passThroughBytes) return passThrough(context, source, request);
      // The stored blob may come from another registry.
      if (!request.mayUseStore) throw notFilled(source.repository, request);
      const patience = isFillable(context, source.repository, request) ? wait : 0;
      return awaitFill(context, source.repository, request, patience);
    },
  };
}

/** Waits until another instance has filled the blob; rejects with an UpstreamError after `patience`. */
async function awaitFill(
  context: Context,
  repository: Repository,
  request: BlobRequest,
  patience: number,
): Promise<BlobOutcome> {
  const { digest, range } = request;
  const deadline = context.runtime.now() + patience;
  for (let pause = firstPause; ; pause = Math.min(pause * 2, longestPause)) {
    const location = await context.blobs.locate(digest, range);
    const provenance = { kind: 'miss' } as const;
    if (location?.kind === 'redirect') return { ...location, provenance };
    if (location !== undefined) return { ...location, range, provenance };
    if (context.runtime.now() >= deadline) throw notFilled(repository, request);
    await pauseFor(context, pause);
  }
}

function notFilled(repository: Repository, { digest }: BlobRequest): UpstreamError {
  const message = `${repositoryKey(repository)}: ${digest} is not filled yet`;
  return new UpstreamError('timeout', message);
}
