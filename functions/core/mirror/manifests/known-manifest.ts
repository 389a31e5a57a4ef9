import type { Digest } from '../../oci/digest.ts';
import { type Manifest, type ManifestContents, readManifest } from '../../oci/manifest.ts';
import { type Repository, repositoryKey } from '../../oci/repository.ts';
import type { Consistency, IndexedManifest } from '../../ports/manifest-store.ts';
import type { Context } from '../context.ts';
import { contentsBytes, knownContents } from '../manifest-summary.ts';
import type { KnownManifest } from '../memory.ts';
import { entryLife } from '../memory.ts';
import type { ManifestOutcome, Provenance } from '../outcome.ts';

/** The key of a manifest within its repository: another repository's is not answered. */
export function manifestKey(repository: Repository, digest: Digest): string {
  return `${repositoryKey(repository)}@${digest}`;
}

/** A manifest of this repository out of memory or the index; undefined when neither has it. */
export async function knownManifest(
  context: Context,
  repository: Repository,
  digest: Digest,
  consistency?: Consistency,
): Promise<KnownManifest | undefined> {
  const found = await lookForManifest(context, repository, digest, consistency);
  return found === 'busy' ? undefined : found;
}

/** The same, but `busy` when the index may say it a moment later. */
export async function lookForManifest(
  context: Context,
  repository: Repository,
  digest: Digest,
  consistency?: Consistency,
): Promise<KnownManifest | 'busy' | undefined> {
  const remembered = context.memory.manifests.get(manifestKey(repository, digest));
  if (remembered !== undefined) return remembered;
  const { manifests } = context.attempt;
  const manifest = await manifests.getManifest(repository, digest, consistency);
  if (manifest === 'busy') return manifest;
  if (manifest === undefined || manifest === 'failed') return undefined;
  const known = rememberManifest(context, repository, manifest, readManifest(manifest));
  takeNotes(context, repository, manifest, known);
  return known;
}

/** How long the index's word that an image is complete is taken for true, in ms. */
export const completeLife = 86_400_000;

/** What the index noted of a manifest saves an instance that is new the same questions. */
function takeNotes(
  context: Context,
  repository: Repository,
  { digest, pulled, complete }: IndexedManifest,
  known: KnownManifest,
): void {
  const now = context.runtime.now();
  const marked = lifeLeft(context.markInterval, pulled, now);
  if (marked > 0) context.memory.marks.set(manifestKey(repository, digest), pulled, marked);
  // What was noted of an index does not say that its images are still there.
  if (known.contents?.kind !== 'image' || complete === undefined) return;
  const life = lifeLeft(completeLife, complete, now);
  if (life <= 0) return;
  context.memory.complete.set(digest, true, life);
  context.blobs.noteStored(known.contents.needed);
}

/** What is left of a life, in ms; nothing when it begins later than now: a clock was set back. */
function lifeLeft(life: number, since: number, now: number): number {
  return since > now ? 0 : life - (now - since);
}

/**
 * Keeps a manifest and what it names in memory. Its blobs are entries from now on: a client asks
 * for them next, and the index need not be asked.
 */
export function rememberManifest(
  context: Pick<Context, 'memory'>,
  repository: Repository,
  manifest: Manifest,
  named: ManifestContents | undefined,
): KnownManifest {
  const contents = named && knownContents(named);
  const known = { manifest, contents };
  const key = manifestKey(repository, manifest.digest);
  const weight = manifest.bytes.byteLength + 500 + (contents ? contentsBytes(contents) : 0);
  context.memory.manifests.set(key, known, Number.POSITIVE_INFINITY, weight);
  for (const { digest, size } of contents?.blobs ?? []) {
    const entry = { size, isNamed: true };
    context.memory.blobEntries.set(manifestKey(repository, digest), entry, entryLife);
  }
  return known;
}

/** The outcome for a manifest in hand. */
export function foundManifest(known: KnownManifest, provenance: Provenance): ManifestOutcome {
  const { digest, mediaType, bytes } = known.manifest;
  return { kind: 'found', digest, mediaType, size: bytes.byteLength, bytes, provenance };
}
