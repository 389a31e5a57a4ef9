import { satisfyRange } from '../../headers/range.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Repository } from '../../oci/repository.ts';
import type { BlobLocation } from '../../ports/blob-store.ts';
import { goOnWithout } from '../../ports/tolerate.ts';
import type { CallCount } from '../../ports/upstream.ts';
import type { Parts } from '../context.ts';
import { entryLife, manifestKey } from '../manifests/known-manifest.ts';
import type { Method, SingleRange } from '../mirror.ts';
import type { BlobOutcome } from '../outcome.ts';
import type { WantedPart } from '../wanted-part.ts';
import { blobEntry, mayBeStored } from './may-serve.ts';
import { missingBlob } from './missing-blob.ts';

/** What a client gets that asks for a blob: the decisions of functions/README.md, "Blob". */
export async function locateBlob(
  parts: Parts,
  repository: Repository,
  digest: Digest,
  method: Method,
  range: SingleRange,
  calls: CallCount,
): Promise<BlobOutcome> {
  const entry = await blobEntry(parts, repository, digest, calls);
  if (entry.kind !== 'found') return entry;
  const isOurs = mayBeStored(parts, repository, digest, entry);
  const size = entry.size ?? (isOurs ? await storedSize(parts, digest) : undefined);
  if (method === 'HEAD') return { kind: 'known', size, provenance: hit };
  const part = wantedPart(digest, size, isOurs, range);
  if (part === undefined) return { kind: 'unsatisfiable', size: size ?? 0 };
  if (!isOurs) return missing(parts, repository, part, 'absent', calls);
  const stored = await locateStored(parts, part);
  if (typeof stored === 'string') return missing(parts, repository, part, stored, calls);
  if (stored.kind === 'redirect') return { ...stored, provenance: hit };
  if (size === undefined || stored.size === size) return streamed(stored, part);
  if (stored.body instanceof ReadableStream) await stored.body.cancel();
  return ofAnotherSize(parts, repository, part, stored.size, range, calls);
}

type Stream = Extract<BlobLocation, { kind: 'stream' }>;

/** Why a blob does not come out of the store: it is not there, or the store fails. */
type NotStored = 'absent' | 'failed';

async function storedSize(parts: Parts, digest: Digest): Promise<number | undefined> {
  return (await goOnWithout(parts, 'stat blob', parts.blobs.stat(digest)))?.size;
}

async function locateStored(
  parts: Parts,
  { digest, range }: WantedPart,
): Promise<BlobLocation | NotStored> {
  const looking = parts.blobs.locate(digest, range).then((location) => location ?? 'absent');
  return (await goOnWithout(parts, 'locate blob', looking)) ?? 'failed';
}

/**
 * The manifest states another size than the store. A store that others can write to reads the blob
 * again and lets go of it when it was damaged. One that is right is served as it is, as its
 * upstream does: it may be another manifest that lies about it, and this client's may not.
 */
async function ofAnotherSize(
  parts: Parts,
  repository: Repository,
  part: WantedPart,
  size: number,
  range: SingleRange,
  calls: CallCount,
): Promise<BlobOutcome> {
  const { digest } = part;
  const checking = parts.blobs.recheck?.(digest) ?? Promise.resolve(true);
  const isRight = await goOnWithout(parts, 'check blob', checking);
  if (isRight === undefined) return missing(parts, repository, part, 'failed', calls);
  if (!isRight) {
    // What was complete may not be any more.
    parts.memory.complete.clear();
    return missing(parts, repository, part, 'absent', calls);
  }
  const key = manifestKey(repository, digest);
  const { isNamed = false } = parts.memory.blobEntries.get(key) ?? {};
  if (isNamed) parts.memory.blobEntries.set(key, { size, isNamed }, entryLife);
  const right = wantedPart(digest, size, true, range);
  if (right === undefined) return { kind: 'unsatisfiable', size };
  const stored = await locateStored(parts, right);
  if (typeof stored === 'string') return missing(parts, repository, right, stored, calls);
  return stored.kind === 'redirect' ? { ...stored, provenance: hit } : streamed(stored, right);
}

async function missing(
  parts: Parts,
  repository: Repository,
  part: WantedPart,
  why: NotStored,
  calls: CallCount,
): Promise<BlobOutcome> {
  const outcome = await missingBlob(parts, repository, part, why === 'failed', calls);
  // Its manifest went out although the blob cannot follow: the file may be gone by another hand.
  // Where others fill, asking again costs a request a blob, and only the store removes any.
  if (outcome.kind === 'unobtainable' && !parts.missingBlobs.areFilledBehind) {
    parts.memory.complete.clear();
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
