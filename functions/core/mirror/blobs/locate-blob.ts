import { satisfyRange } from '../../headers/range.ts';
import type { Digest } from '../../oci/digest.ts';
import type { BlobLocation } from '../../ports/blob-store.ts';
import type { Source } from '../../sources/source.ts';
import type { Context, WantedPart } from '../context.ts';
import { upstreamLocation } from '../fills/upstream-location.ts';
import { manifestKey } from '../manifests/known-manifest.ts';
import { entryLife } from '../memory.ts';
import type { Method, SingleRange } from '../mirror.ts';
import type { BlobOutcome } from '../outcome.ts';
import { fillBehind } from './background-fill.ts';
import { blobEntry, mayBeStored } from './may-serve.ts';
import { passThrough } from './pass-through.ts';

/** What a client gets that asks for a blob: the decisions of functions/README.md, "Blob". */
export async function locateBlob(
  context: Context,
  source: Source,
  digest: Digest,
  method: Method,
  range: SingleRange,
): Promise<BlobOutcome> {
  const entry = await blobEntry(context, source, digest);
  if (entry.kind !== 'found') return entry;
  const isOurs = mayBeStored(context, source.repository, digest, entry);
  const size = entry.size ?? (isOurs ? await storedSize(context, digest) : undefined);
  if (method === 'HEAD') return { kind: 'known', size, provenance: hit };
  const part = wantedPart(digest, size, isOurs, range);
  if (part === undefined) return { kind: 'unsatisfiable', size: size ?? 0 };
  if (!isOurs) return missing(context, source, part, 'absent');
  const stored = await locateStored(context, part);
  if (typeof stored === 'string') return missing(context, source, part, stored);
  if (stored.kind === 'redirect') return { ...stored, provenance: hit };
  if (size === undefined || stored.size === size) return streamed(stored, part);
  if (stored.body instanceof ReadableStream) await stored.body.cancel();
  return ofAnotherSize(context, source, part, stored.size, range);
}

type Stream = Extract<BlobLocation, { kind: 'stream' }>;

/** Why a blob does not come out of the store: it is not there, or the store fails. */
type NotStored = 'absent' | 'failed';

async function storedSize(context: Context, digest: Digest): Promise<number | undefined> {
  return (await context.blobs.stat(digest))?.size;
}

async function locateStored(
  context: Context,
  { digest, range }: WantedPart,
): Promise<BlobLocation | NotStored> {
  const location = await context.attempt.blobs.locate(digest, range);
  return location === 'busy' ? 'failed' : (location ?? 'absent');
}

/**
 * The manifest states another size than the store. A store that others can write to reads the blob
 * again and lets go of it when it was damaged. One that is right is served as it is, as its
 * upstream does: it may be another manifest that lies about it, and this client's may not.
 */
async function ofAnotherSize(
  context: Context,
  source: Source,
  part: WantedPart,
  size: number,
  range: SingleRange,
): Promise<BlobOutcome> {
  const { digest } = part;
  const isRight = (await context.attempt.blobs.recheck?.(digest)) ?? true;
  if (isRight === 'failed' || isRight === 'busy') return missing(context, source, part, 'failed');
  if (!isRight) {
    // What was complete may not be any more.
    context.memory.complete.clear();
    return missing(context, source, part, 'absent');
  }
  const key = manifestKey(source.repository, digest);
  const { isNamed = false } = context.memory.blobEntries.get(key) ?? {};
  if (isNamed) context.memory.blobEntries.set(key, { size, isNamed }, entryLife);
  const right = wantedPart(digest, size, true, range);
  if (right === undefined) return { kind: 'unsatisfiable', size };
  const stored = await locateStored(context, right);
  if (typeof stored === 'string') return missing(context, source, right, stored);
  return stored.kind === 'redirect' ? { ...stored, provenance: hit } : streamed(stored, right);
}

async function missing(
  context: Context,
  source: Source,
  part: WantedPart,
  why: NotStored,
): Promise<BlobOutcome> {
  const outcome = await missingBlob(context, source, part, why === 'failed');
  // Its manifest went out although the blob cannot follow: the file may be gone by another hand.
  // Where others fill, asking again costs a request a blob, and only the store removes any.
  if (outcome.kind === 'unobtainable' && !context.missingBlobs.areFilledBehind) {
    context.memory.complete.clear();
  }
  return outcome;
}

function streamed(stored: Stream, { range }: WantedPart): BlobOutcome {
  return { ...stored, range, provenance: hit };
}

/** undefined when no byte of the range is there. A range of a blob of unknown size is ignored. */
function wantedPart(
  digest: Digest,
  size: number | undefined,
  isOurs: boolean,
  range: SingleRange,
): WantedPart | undefined {
  const whole = { digest, size, mayBeStored: isOurs, range: undefined };
  if (range.kind === 'whole' || size === undefined) return whole;
  const satisfied = satisfyRange(range, size);
  return satisfied && { ...whole, range: satisfied };
}

const hit = { kind: 'hit', ttl: undefined } as const;

/**
 * What a client gets that may read a blob which is not stored: the upstream's redirect, or, where it
 * sends none, what the platform's `missingBlobs` answers. `storeFails` is true where nobody can tell
 * whether it is stored: nothing is begun in the store then.
 */
async function missingBlob(
  context: Context,
  source: Source,
  part: WantedPart,
  storeFails: boolean,
): Promise<BlobOutcome> {
  try {
    if (source.policy.delivery === 'redirect') {
      const location = await upstreamLocation(context, source, part.digest);
      if (location.kind === 'redirect') {
        await fillBehind(context, source.repository, part);
        return { ...location, provenance: { kind: 'miss' } };
      }
      if (location.kind !== 'direct') return location;
    }
    if (storeFails && !context.missingBlobs.areFilledBehind) {
      return await passThrough(context, source, part);
    }
    return await context.missingBlobs.answer(context, source, part);
  } catch (error) {
    return source.unobtainable(error);
  }
}
