import type { Digest } from '../../oci/digest.ts';
import { satisfyRange } from '../../oci/range.ts';
import type { Repository } from '../../oci/repository.ts';
import type { BlobLocation } from '../../ports/blob-store.ts';
import type { CallCount } from '../../upstream/upstream.ts';
import { goOnWithout } from '../asking/go-on-without.ts';
import type { Method, SingleRange } from '../mirror.ts';
import type { BlobOutcome } from '../outcome.ts';
import type { Parts } from '../parts.ts';
import { blobEntry } from './blob-entry.ts';
import { missingBlob } from './missing-blob.ts';
import type { WantedPart } from './wanted-part.ts';

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
  const size =
    entry.size ?? (await goOnWithout(parts, 'stat blob', parts.blobs.stat(digest)))?.size;
  if (method === 'HEAD') return { kind: 'known', size, provenance: hit };
  const part = wantedPart(digest, size, range);
  if (part === undefined) return { kind: 'unsatisfiable', size: size ?? 0 };
  const location = await locateStored(parts, part);
  if (location === undefined) return missingBlob(parts, repository, part, calls);
  if (location.kind === 'redirect') return { ...location, provenance: hit };
  return { ...location, range: part.range, provenance: hit };
}

/** Where the store has it; one of another size than the manifest says was damaged, and goes. */
async function locateStored(parts: Parts, part: WantedPart): Promise<BlobLocation | undefined> {
  const { digest, size, range } = part;
  const location = await goOnWithout(parts, 'locate blob', parts.blobs.locate(digest, range));
  if (location?.kind !== 'stream' || size === undefined || location.size === size) return location;
  if (location.body instanceof ReadableStream) await location.body.cancel();
  await goOnWithout(parts, 'delete damaged blob', parts.blobs.delete(digest));
  return undefined;
}

/** undefined when no byte of the range is there. A range of a blob of unknown size is ignored. */
function wantedPart(
  digest: Digest,
  size: number | undefined,
  range: SingleRange,
): WantedPart | undefined {
  if (range.kind === 'whole' || size === undefined) return { digest, size, range: undefined };
  const satisfied = satisfyRange(range, size);
  return satisfied && { digest, size, range: satisfied };
}

const hit = { kind: 'hit', ttl: undefined } as const;
