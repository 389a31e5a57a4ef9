import type { Digest } from '../../core/oci/digest.ts';
import { type Manifest, storedMediaType } from '../../core/oci/manifest.ts';
import type { IndexedManifest } from '../../core/ports/manifest-store.ts';
import { binary, binaryOf, type Item, keyItem, number, numberOf, text, textOf } from './item.ts';
import { manifestItemKey } from './item-keys.ts';
import { type LargeManifests, mostInlineBytes } from './large-manifests.ts';

/*
 * A manifest's item has a generation: 1 when it is put for the first time, one more each time it
 * is put after a removal. A removal leaves the item for a day, marked as `gone`, so that the next
 * generation is known. Its rows (the entries of its blobs, its member and its pull) carry the
 * generation as well, and a removal deletes only rows of its own or an earlier one. So a manifest
 * that is put while an earlier one of it is still being removed loses none of its rows.
 */

/** True for the item of a manifest that is there. */
export const isLive = 'attribute_exists(#pk) AND attribute_not_exists(#gone)';

/** What the item of a manifest says besides its bytes. */
export interface ManifestState {
  readonly generation: number;
  /** In ms since 1970. */
  readonly pulled: number;
  readonly isGone: boolean;
}

/** The attributes that `stateOf` reads. */
export const stateAttributes = ['generation', 'pulled', 'gone'];

export function stateOf(item: Item): ManifestState {
  return {
    generation: numberOf(item, 'generation') ?? 0,
    pulled: numberOf(item, 'pulled') ?? 0,
    isGone: item.gone !== undefined,
  };
}

/** True when the bytes are in the bucket and not in the item. */
export function isLarge(manifest: Pick<Manifest, 'bytes'>): boolean {
  return manifest.bytes.byteLength > mostInlineBytes;
}

/** The item of a manifest of a repository. `pulled` in ms since 1970. */
export function manifestItem(
  repository: string,
  manifest: Manifest,
  { generation, pulled }: Pick<ManifestState, 'generation' | 'pulled'>,
): Item {
  return {
    ...keyItem(manifestItemKey(repository, manifest.digest)),
    mediaType: text(manifest.mediaType),
    pulled: number(pulled),
    generation: number(generation),
    ...(isLarge(manifest)
      ? { large: number(manifest.bytes.byteLength) }
      : { bytes: binary(manifest.bytes) }),
  };
}

/** Reads a manifest, with its bytes from the bucket if they are there; undefined when they are lost. */
export async function readManifestItem(
  item: Item,
  digest: Digest,
  large: LargeManifests,
): Promise<IndexedManifest | undefined> {
  const bytes = item.large === undefined ? binaryOf(item, 'bytes') : await large.get(digest);
  const stored = textOf(item, 'mediaType');
  if (bytes === undefined || stored === undefined) return undefined;
  const mediaType = storedMediaType(stored, bytes);
  const { pulled } = stateOf(item);
  return { digest, mediaType, bytes, pulled, complete: numberOf(item, 'complete') };
}
