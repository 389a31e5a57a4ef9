import type { Digest } from '../../oci/digest.ts';
import type { Repository } from '../../oci/repository.ts';
import type { CallCount } from '../../upstream/upstream.ts';
import { askUpstream, unobtainable } from '../asking/ask-upstream.ts';
import { goOnWithout } from '../asking/go-on-without.ts';
import { refusalLife } from '../manifests/check-tag.ts';
import { entryLife, manifestKey } from '../manifests/known-manifest.ts';
import type { Unobtained } from '../outcome.ts';
import { type BlobSize, type Parts, upstreamOf } from '../parts.ts';

/** What makes a blob readable in a repository. */
export type BlobEntry = { readonly kind: 'found' } & BlobSize;

/**
 * Whether a repository may serve a blob: a manifest of it names the blob, or its upstream says so
 * now. That the blob is stored counts for nothing: it may have come by a private repository.
 */
export async function blobEntry(
  parts: Parts,
  repository: Repository,
  digest: Digest,
  calls: CallCount,
): Promise<BlobEntry | Unobtained> {
  const key = manifestKey(repository, digest);
  const remembered = parts.memory.blobEntries.get(key);
  if (remembered !== undefined) return { kind: 'found', size: remembered.size };
  const refused = parts.memory.blobRefusals.get(key);
  if (refused !== undefined) return refused;
  return parts.flights.entries.run(key, async () => {
    const reading = parts.manifests.getBlobEntry(repository, digest);
    const entry = await goOnWithout(parts, 'read blob entry', reading);
    if (entry === undefined) return confirm(parts, repository, digest, calls);
    const { size } = entry;
    parts.memory.blobEntries.set(key, { size }, entryLife);
    return { kind: 'found', size };
  });
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
    parts.memory.blobEntries.set(
      key,
      { size: head.size },
      upstreamOf(parts, repository).policy.tagTtl,
    );
    return head;
  } catch (error) {
    return unobtainable(error, repository);
  }
}
