import type { Digest } from '../../oci/digest.ts';
import type { Repository } from '../../oci/repository.ts';
import type { Source, Unobtained } from '../../sources/source.ts';
import type { Context } from '../context.ts';
import { manifestKey } from '../manifests/known-manifest.ts';
import { type EntryOfBlob, entryLife, refusalLife, registryBlobKey } from '../memory.ts';

/** What makes a blob readable in a repository. */
export type BlobEntry = { readonly kind: 'found' } & EntryOfBlob;

/**
 * Whether a repository may serve a blob: a manifest of it names the blob, or its upstream says so
 * now. That the blob is stored counts for nothing: it may have come by a private repository.
 * A registry that only says so may be wrong: see `mayBeStored`.
 */
export async function blobEntry(
  context: Context,
  source: Source,
  digest: Digest,
): Promise<BlobEntry | Unobtained> {
  const key = manifestKey(source.repository, digest);
  const remembered = context.memory.blobEntries.get(key);
  if (remembered !== undefined) return { kind: 'found', ...remembered };
  const refused = context.memory.blobRefusals.get(key);
  if (refused !== undefined) return refused;
  return context.flights.entries.run(key, async () => {
    const entry = await context.manifests.getBlobEntry(source.repository, digest);
    if (entry === undefined) return confirm(context, source, digest);
    const named = { size: entry.size, isNamed: true };
    context.memory.blobEntries.set(key, named, entryLife);
    return { kind: 'found', ...named };
  });
}

/**
 * Whether a repository's clients may get a blob out of the store, whichever registry filled it. A
 * registry that only answers HEAD could vouch for another one's private blobs: it has to have sent
 * the blob itself, or a manifest of it that names the blob.
 */
export function mayBeStored(
  { memory }: Context,
  { registry }: Repository,
  digest: Digest,
  { isNamed }: EntryOfBlob,
): boolean {
  return isNamed || memory.delivered.get(registryBlobKey(registry, digest)) !== undefined;
}

async function confirm(
  context: Context,
  source: Source,
  digest: Digest,
): Promise<BlobEntry | Unobtained> {
  const key = manifestKey(source.repository, digest);
  try {
    const head = await source.headBlob(digest);
    if (head.kind !== 'found') {
      context.memory.blobRefusals.set(key, head, refusalLife);
      return head;
    }
    const confirmed = { size: head.size, isNamed: false };
    context.memory.blobEntries.set(key, confirmed, source.policy.tagTtl);
    return { kind: 'found', ...confirmed };
  } catch (error) {
    return source.unobtainable(error);
  }
}
