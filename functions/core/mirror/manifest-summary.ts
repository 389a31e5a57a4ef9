import type { Digest } from '../oci/digest.ts';
import type { ManifestContents } from '../oci/manifest.ts';
import type { NotedBlob } from '../ports/blob-store.ts';

/**
 * What the mirror asks of a manifest again and again. Whatever may be long (annotations, urls,
 * media types) is left out: a manifest of a few blobs may hold megabytes of it.
 */
export interface KnownContents {
  readonly kind: 'image' | 'index';
  /** The blobs that it names, each once. */
  readonly blobs: readonly NotedBlob[];
  /** Those a client gets here; content with urls it fetches from there (image-spec, layer.md). */
  readonly needed: readonly NotedBlob[];
  /** True when it names more blobs than these: it never counts as complete. */
  readonly hasMore: boolean;
  /** The manifests of an index of which a client takes one, each once and 200 at most. */
  readonly choices: readonly Digest[];
}

/** No more are looked at. */
const mostChoices = 200;

/** What is kept in memory of a manifest's contents. */
export function knownContents(contents: ManifestContents): KnownContents {
  const { kind, blobs, hasMore = false, manifests } = contents;
  const kept = blobs.map(({ digest, size, urls }) => ({
    blob: { digest, size },
    isNeeded: urls === undefined,
  }));
  const runnable = manifests.filter((entry) => !entry.isUnrunnable);
  // Where no platform is known, what a client takes is one of those.
  const choices = runnable.length > 0 ? runnable : manifests;
  return {
    kind,
    blobs: kept.map(({ blob }) => blob),
    needed: kept.filter(({ isNeeded }) => isNeeded).map(({ blob }) => blob),
    hasMore,
    choices: [...new Set(choices.map(({ digest }) => digest))].slice(0, mostChoices),
  };
}

/** What one digest takes in memory with the objects around it, in bytes. */
const digestBytes = 200;

/** About what contents take in memory, in bytes. */
export function contentsBytes({ blobs, choices }: KnownContents): number {
  return (blobs.length + choices.length) * digestBytes;
}
