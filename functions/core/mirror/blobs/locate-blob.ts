import { satisfyRange } from '../../headers/range.ts';
import type { Digest } from '../../oci/digest.ts';
import type { BlobLocation } from '../../ports/blob-store.ts';
import { UpstreamError } from '../../ports/upstream-error.ts';
import type { Source } from '../../sources/source.ts';
import type { BlobRequest, Context } from '../context.ts';
import { upstreamLocation } from '../fills/upstream-location.ts';
import { hold } from '../manifests/holds.ts';
import { manifestKey } from '../manifests/manifest-cache.ts';
import { entryLife } from '../memory.ts';
import type { BlobOutcome, Method, SingleRange } from '../mirror.ts';
import { queueFill } from './background-fill.ts';
import { blobAccess, mayUseStore } from './may-serve.ts';
import { passThrough } from './pass-through.ts';
import { doubtRepeated } from './repeated-request.ts';

const hit = { kind: 'hit', ttl: undefined } as const;

/** Decides what a request for a blob gets: functions/README.md, section 3. */
export async function locateBlob(
  context: Context,
  source: Source,
  digest: Digest,
  method: Method,
  range: SingleRange,
  urlLife?: number,
): Promise<BlobOutcome> {
  const access = await blobAccess(context, source, digest);
  if (access.kind !== 'found') return access;
  const isUsable = mayUseStore(context, source.repository, digest, access);
  const size = access.size ?? (isUsable ? (await context.blobs.stat(digest))?.size : undefined);
  if (method === 'HEAD') return { kind: 'known', size, provenance: hit };
  const request = blobRequest(digest, size, isUsable, range);
  if (request === undefined) return { kind: 'unsatisfiable', size: size ?? 0 };
  if (!isUsable) return serveMissing(context, source, request, 'absent');
  doubtRepeated(context, source, digest, request.range);
  const stored = await locateStored(context, request, urlLife);
  if (typeof stored === 'string') return serveMissing(context, source, request, stored);
  if (stored.kind === 'redirect' || size === undefined || stored.size === size) {
    return storedOutcome(stored, request);
  }
  if (stored.body instanceof ReadableStream) await stored.body.cancel();
  return serveOtherSize(context, source, request, stored.size, range);
}

/** undefined if no byte of the range exists. Ignores the range of a blob of unknown size. */
function blobRequest(
  digest: Digest,
  size: number | undefined,
  mayUseStore: boolean,
  range: SingleRange,
): BlobRequest | undefined {
  const whole = { digest, size, mayUseStore, range: undefined };
  if (range.kind === 'whole' || size === undefined) return whole;
  const satisfied = satisfyRange(range, size);
  return satisfied && { ...whole, range: satisfied };
}

async function locateStored(
  context: Context,
  { digest, range }: BlobRequest,
  urlLife?: number,
): Promise<BlobLocation | 'absent' | 'failed'> {
  const location = await context.attempt.blobs.locate(digest, range, urlLife);
  return location === 'busy' ? 'failed' : (location ?? 'absent');
}

function storedOutcome(stored: BlobLocation, { range, size }: BlobRequest): BlobOutcome {
  return stored.kind === 'redirect'
    ? { ...stored, stored: size, provenance: hit }
    : { ...stored, range, provenance: hit };
}

/**
 * The manifest states another size than the store. A store that others can write to reads the blob again
 * and deletes it if it is damaged. If the stored blob is intact, serve it: then a manifest is wrong, and
 * not necessarily this client's.
 */
async function serveOtherSize(
  context: Context,
  source: Source,
  request: BlobRequest,
  size: number,
  range: SingleRange,
): Promise<BlobOutcome> {
  const { digest } = request;
  const isIntact = (await context.attempt.blobs.recheck?.(digest)) ?? true;
  if (isIntact === 'failed' || isIntact === 'busy') {
    return serveMissing(context, source, request, 'failed');
  }
  if (!isIntact) {
    // Images may no longer be complete.
    context.memory.complete.clear();
    return serveMissing(context, source, request, 'absent');
  }
  const key = manifestKey(source.repository, digest);
  const { isNamed = false } = context.memory.blobEntries.get(key) ?? {};
  if (isNamed) context.memory.blobEntries.set(key, { size, isNamed }, entryLife);
  const corrected = blobRequest(digest, size, true, range);
  if (corrected === undefined) return { kind: 'unsatisfiable', size };
  const stored = await locateStored(context, corrected);
  if (typeof stored === 'string') return serveMissing(context, source, corrected, stored);
  return storedOutcome(stored, corrected);
}

/** Serves a blob that is not stored, or whose store fails. */
async function serveMissing(
  context: Context,
  source: Source,
  request: BlobRequest,
  reason: 'absent' | 'failed',
): Promise<BlobOutcome> {
  const { otherInstancesFill } = context.missingBlobs;
  try {
    const avoidsStore = reason === 'failed' && !otherInstancesFill;
    const outcome = await fromUpstream(context, source, request, avoidsStore);
    if (outcome.kind === 'absent' || outcome.kind === 'denied') {
      const message = `${source.key}: the registry refuses ${request.digest}`;
      hold(context, source, 'blob', request.digest, message);
    }
    return outcome;
  } catch (error) {
    // Without an answerer, it was this mirror that could not serve it now.
    if (error instanceof UpstreamError && error.answerer !== undefined) {
      hold(context, source, 'blob', request.digest, error.message);
    }
    // We served the manifest but lack the blob; something outside the mirror may have deleted it. This
    // cannot happen where other instances fill: nothing but the mirror deletes from a bucket.
    if (!otherInstancesFill) context.memory.complete.clear();
    return source.unobtainable(error);
  }
}

/** The upstream's redirect, or, if it sends none, the answer of the platform's `missingBlobs`. */
async function fromUpstream(
  context: Context,
  source: Source,
  request: BlobRequest,
  avoidsStore: boolean,
): Promise<BlobOutcome> {
  if (source.policy.delivery === 'redirect') {
    const { digest, mayUseStore } = request;
    const location = await source.follow(upstreamLocation(context, source, digest, mayUseStore));
    if (location.kind === 'redirect') {
      await queueFill(context, source.repository, request);
      return { ...location, provenance: { kind: 'miss' } };
    }
    if (location.kind !== 'direct') return location;
  }
  if (avoidsStore) return passThrough(context, source, request);
  return context.missingBlobs.answer(context, source, request);
}
