import type { Digest } from '../../oci/digest.ts';
import type { Repository } from '../../oci/repository.ts';
import { goOnWithout } from '../../ports/tolerate.ts';
import type { CallCount } from '../../ports/upstream.ts';
import { askUpstream, unobtainable } from '../../sources/ask-source.ts';
import { type EntryOfBlob, type Parts, registryBlobKey, upstreamOf } from '../context.ts';
import { entryLife, manifestKey } from '../manifests/known-manifest.ts';
import type { Unobtained } from '../outcome.ts';
import { refusalLife } from '../tags/check-tag.ts';

/** What makes a blob readable in a repository. */
export type BlobEntry = { readonly kind: 'found' } & EntryOfBlob;

/**
 * Whether a repository may serve a blob: a manifest of it names the blob, or its upstream says so
 * now. That the blob is stored counts for nothing: it may have come by a private repository.
 * A registry that only says so may be wrong: see `mayBeStored`.
 */
export async function blobEntry(
  parts: Parts,
  repository: Repository,
  digest: Digest,
  calls: CallCount,
): Promise<BlobEntry | Unobtained> {
  const key = manifestKey(repository, digest);
  const remembered = parts.memory.blobEntries.get(key);
  if (remembered !== undefined) return { kind: 'found', ...remembered };
  const refused = parts.memory.blobRefusals.get(key);
  if (refused !== undefined) return refused;
  return parts.flights.entries.run(key, async () => {
    const reading = parts.manifests.getBlobEntry(repository, digest);
    const entry = await goOnWithout(parts, 'read blob entry', reading);
    if (entry === undefined) return confirm(parts, repository, digest, calls);
    const named = { size: entry.size, isNamed: true };
    parts.memory.blobEntries.set(key, named, entryLife);
    return { kind: 'found', ...named };
  });
}

/**
 * Whether a repository's clients may get a blob out of the store, whichever registry filled it. A
 * registry that only answers HEAD could vouch for another one's private blobs: it has to have sent
 * the blob itself, or a manifest of it that names the blob.
 */
export function mayBeStored(
  { memory }: Parts,
  { registry }: Repository,
  digest: Digest,
  { isNamed }: EntryOfBlob,
): boolean {
  return isNamed || memory.delivered.get(registryBlobKey(registry, digest)) !== undefined;
}

/** Notes that a registry sent all bytes of a blob, and that they are right. */
export function noteDelivered({ memory }: Parts, { registry }: Repository, digest: Digest): void {
  memory.delivered.set(registryBlobKey(registry, digest), true, entryLife);
}

async function confirm(
  parts: Parts,
  repository: Repository,
  digest: Digest,
  calls: CallCount,
): Promise<BlobEntry | Unobtained> {
  const key = manifestKey(repository, digest);
  try {
    const head = await askUpstream(parts, repository, (upstream, name) =>
      upstream.headBlob(name, digest, calls),
    );
    if (head.kind !== 'found') {
      parts.memory.blobRefusals.set(key, head, refusalLife);
      return head;
    }
    const confirmed = { size: head.size, isNamed: false };
    const { tagTtl } = upstreamOf(parts, repository).policy;
    parts.memory.blobEntries.set(key, confirmed, tagTtl);
    return { kind: 'found', ...confirmed };
  } catch (error) {
    return unobtainable(error, repository);
  }
}
