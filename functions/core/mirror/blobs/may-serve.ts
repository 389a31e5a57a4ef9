import type { Digest } from '../../oci/digest.ts';
import type { Repository } from '../../oci/repository.ts';
import type { Source } from '../../sources/source.ts';
import type { Context } from '../context.ts';
import { manifestKey } from '../manifests/manifest-cache.ts';
import {
  type BlobAccess,
  type BlobEntry,
  entryLife,
  refusalLife,
  registryBlobKey,
} from '../memory.ts';

/**
 * Whether a repository may serve a blob: one of its manifests names the blob, or its upstream confirms
 * it now. Being stored is not enough: another, private repository may have brought the blob.
 */
export async function blobAccess(
  context: Context,
  source: Source,
  digest: Digest,
): Promise<BlobAccess> {
  const key = manifestKey(source.repository, digest);
  const cached = context.memory.blobEntries.get(key);
  if (cached !== undefined) return { kind: 'found', ...cached };
  const refused = context.memory.blobRefusals.get(key);
  if (refused !== undefined) return refused;
  const looking = context.flights.entries.run(key, async () => {
    const descriptor = await context.manifests.getBlobEntry(source.repository, digest);
    if (descriptor === undefined) return confirm(context, source, digest);
    const entry = { size: descriptor.size, isNamed: true };
    context.memory.blobEntries.set(key, entry, entryLife);
    return { kind: 'found', ...entry };
  });
  try {
    return await source.follow(looking);
  } catch (error) {
    return source.unobtainable(error);
  }
}

async function confirm(context: Context, source: Source, digest: Digest): Promise<BlobAccess> {
  const key = manifestKey(source.repository, digest);
  try {
    const head = await source.headBlob(digest);
    if (head.kind !== 'found') {
      context.memory.blobRefusals.set(key, head, refusalLife);
      return head;
    }
    const entry = { size: head.size, isNamed: false };
    context.memory.blobEntries.set(key, entry, source.policy.tagTtl);
    return { kind: 'found', ...entry };
  } catch (error) {
    return source.unobtainable(error);
  }
}

/**
 * Whether a repository's clients may get a blob from the store, whichever registry filled it. A registry
 * that only answers HEAD could vouch for another one's private blobs: it must have sent the blob itself,
 * or a manifest that names it.
 */
export function mayUseStore(
  { memory }: Context,
  { registry }: Repository,
  digest: Digest,
  { isNamed }: BlobEntry,
): boolean {
  return isNamed || memory.delivered.get(registryBlobKey(registry, digest)) !== undefined;
}
