import type { Digest } from '../../oci/digest.ts';
import { type Manifest, readManifest } from '../../oci/manifest.ts';
import { type Repository, repositoryKey } from '../../oci/repository.ts';
import type { IndexedManifest } from '../../ports/manifest-store.ts';
import { goOnWithout } from '../asking/go-on-without.ts';
import type { ManifestOutcome, Provenance } from '../outcome.ts';
import type { KnownManifest, Parts } from '../parts.ts';

/** The key of a manifest within its repository: another repository's is not answered. */
export function manifestKey(repository: Repository, digest: Digest): string {
  return `${repositoryKey(repository)}@${digest}`;
}

/** A manifest of this repository out of memory or the index; undefined when neither has it. */
export async function knownManifest(
  parts: Parts,
  repository: Repository,
  digest: Digest,
): Promise<KnownManifest | undefined> {
  const remembered = parts.memory.manifests.get(manifestKey(repository, digest));
  if (remembered !== undefined) return remembered;
  const manifest = await goOnWithout(
    parts,
    'read manifest',
    parts.manifests.getManifest(repository, digest),
  );
  if (manifest === undefined) return undefined;
  const known = rememberManifest(parts, repository, manifest);
  takeNotes(parts, repository, manifest, known);
  return known;
}

/** How long the index's word that an image is complete is taken for true, in ms. */
export const completeLife = 86_400_000;

/** What the index noted of a manifest saves an instance that is new the same questions. */
function takeNotes(
  parts: Parts,
  repository: Repository,
  { digest, pulled, complete }: IndexedManifest,
  known: KnownManifest,
): void {
  const now = parts.runtime.now();
  const marked = parts.markInterval - (now - pulled);
  if (marked > 0) parts.memory.marks.set(manifestKey(repository, digest), pulled, marked);
  const life = complete === undefined ? 0 : completeLife - (now - complete);
  if (life <= 0) return;
  parts.memory.complete.set(digest, true, life);
  parts.blobs.noteStored((known.contents?.blobs ?? []).filter(({ urls }) => urls === undefined));
}

/** How long an entry is served from memory before the index is asked for it again, in ms. */
export const entryLife = 3_600_000;

/**
 * Keeps a manifest and what it names in memory. Its blobs are entries from now on: a client asks
 * for them next, and the index need not be asked.
 */
export function rememberManifest(
  parts: Pick<Parts, 'memory'>,
  repository: Repository,
  manifest: Manifest,
): KnownManifest {
  const known = { manifest, contents: readManifest(manifest) };
  const key = manifestKey(repository, manifest.digest);
  parts.memory.manifests.set(key, known, Number.POSITIVE_INFINITY, manifest.bytes.byteLength + 500);
  for (const blob of known.contents?.blobs ?? []) {
    parts.memory.blobEntries.set(manifestKey(repository, blob.digest), blob, entryLife);
  }
  return known;
}

/** The outcome for a manifest in hand. */
export function foundManifest(known: KnownManifest, provenance: Provenance): ManifestOutcome {
  const { digest, mediaType, bytes } = known.manifest;
  return { kind: 'found', digest, mediaType, size: bytes.byteLength, bytes, provenance };
}
