import type { Digest } from '../../oci/digest.ts';
import { type Manifest, type ManifestContents, readManifest } from '../../oci/manifest.ts';
import { type Repository, repositoryKey } from '../../oci/repository.ts';
import type { Consistency } from '../../ports/consistency.ts';
import type { IndexedManifest } from '../../ports/manifest-store.ts';
import type { FillContext } from '../context.ts';
import { type CachedManifest, entryLife, type ManifestSummary } from '../memory.ts';
import type { ManifestOutcome, Provenance } from '../mirror.ts';

/** The key of a manifest or blob within its repository. */
export function manifestKey(repository: Repository, digest: Digest): string {
  return `${repositoryKey(repository)}@${digest}`;
}

/** A manifest of this repository from memory or the index; undefined if neither has it. */
export async function getManifest(
  context: FillContext,
  repository: Repository,
  digest: Digest,
  consistency?: Consistency,
): Promise<CachedManifest | undefined> {
  const cached = await tryGetManifest(context, repository, digest, consistency);
  return cached === 'busy' ? undefined : cached;
}

/** Like `getManifest`, but `busy` if the index was too busy to say. */
export async function tryGetManifest(
  context: FillContext,
  repository: Repository,
  digest: Digest,
  consistency?: Consistency,
): Promise<CachedManifest | 'busy' | undefined> {
  const cached = context.memory.manifests.get(manifestKey(repository, digest));
  if (cached !== undefined) return cached;
  const { manifests } = context.attempt;
  const manifest = await manifests.getManifest(repository, digest, consistency);
  if (manifest === 'busy') return manifest;
  if (manifest === undefined || manifest === 'failed') return undefined;
  const read = cacheManifest(context, repository, manifest, readManifest(manifest));
  cacheNotes(context, repository, manifest, read.summary);
  return read;
}

/** How long the index's note that an image is complete is trusted, in ms. */
const noteLife = 86_400_000;

/**
 * How long an image counts as complete in memory, in ms: not longer than this instance may act on what
 * the store said of its blobs.
 */
export function completeLife({ ports }: Pick<FillContext, 'ports'>): number {
  return Math.min(noteLife, ports.blobs.condemnation?.memoryLife ?? noteLife);
}

/** Caches what the index notes of a manifest, so that a new instance need not find it out again. */
function cacheNotes(
  context: FillContext,
  repository: Repository,
  { digest, pulled, complete }: IndexedManifest,
  summary: ManifestSummary | undefined,
): void {
  const now = context.runtime.now();
  cachePulled(context, repository, digest, pulled);
  // An index's image may have been evicted since it was noted.
  if (summary?.kind !== 'image' || complete === undefined) return;
  const life = lifeLeft(noteLife, complete, now);
  if (life <= 0) return;
  context.memory.complete.set(digest, true, Math.min(life, completeLife(context)));
  context.blobs.noteStored(summary.needed);
}

/** Caches when the index last marked a manifest as pulled (ms since 1970), to keep these marks an interval apart. */
export function cachePulled(
  { runtime, memory, markInterval }: Pick<FillContext, 'runtime' | 'memory' | 'markInterval'>,
  repository: Repository,
  digest: Digest,
  pulled: number,
): void {
  const life = lifeLeft(markInterval, pulled, runtime.now());
  if (life > 0) memory.marks.set(manifestKey(repository, digest), pulled, life);
}

/** The rest of a lifetime in ms; 0 if it begins in the future, because the clock was set back. */
function lifeLeft(life: number, since: number, now: number): number {
  return since > now ? 0 : life - (now - since);
}

/** About how many bytes a digest takes in memory, with the objects around it. */
const digestBytes = 200;

/** Caches a manifest, and entries for its blobs, which the client requests next. */
export function cacheManifest(
  { memory }: Pick<FillContext, 'memory'>,
  repository: Repository,
  manifest: Manifest,
  contents: ManifestContents | undefined,
): CachedManifest {
  const summary = contents && summarize(contents);
  const { blobs = [], choices = [] } = summary ?? {};
  // The bytes twice, because the Node server keeps those it sent as text too.
  const weight =
    2 * manifest.bytes.byteLength + 500 + (blobs.length + choices.length) * digestBytes;
  const cached = { manifest, summary };
  const key = manifestKey(repository, manifest.digest);
  memory.manifests.set(key, cached, Number.POSITIVE_INFINITY, weight);
  for (const { digest, size } of blobs) {
    memory.blobEntries.set(manifestKey(repository, digest), { size, isNamed: true }, entryLife);
  }
  return cached;
}

const mostChoices = 200;

function summarize({ kind, blobs, hasMore, manifests }: ManifestContents): ManifestSummary {
  const sizes = blobs.map(({ digest, size }) => ({ digest, size }));
  const runnable = manifests.filter((entry) => !entry.isUnrunnable);
  const choices = runnable.length > 0 ? runnable : manifests;
  return {
    kind,
    blobs: sizes,
    needed: sizes.filter((_, at) => blobs[at]?.urls === undefined),
    hasMore: hasMore === true,
    choices: [...new Set(choices.map(({ digest }) => digest))].slice(0, mostChoices),
  };
}

/** The outcome that serves a cached manifest. */
export function manifestOutcome(cached: CachedManifest, provenance: Provenance): ManifestOutcome {
  const { digest, mediaType, bytes } = cached.manifest;
  return { kind: 'found', digest, mediaType, size: bytes.byteLength, bytes, provenance };
}
