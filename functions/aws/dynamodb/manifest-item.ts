import { type Descriptor, descriptorText, readDescriptor } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { type Manifest, storedMediaType } from '../../core/oci/manifest.ts';
import type { IndexedManifest } from '../../core/ports/manifest-store.ts';
import {
  binary,
  binaryOf,
  type Item,
  type Key,
  keyItem,
  keyOf,
  number,
  numberOf,
  text,
  textOf,
} from './item.ts';
import { entryKey, manifestItemKey, memberPartition, pullKey } from './item-keys.ts';
import type { Condition } from './table.ts';

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

/** The rows that make a manifest found: an entry for each blob, and its member of the repository. */
export function manifestRows(
  repository: string,
  digest: Digest,
  blobs: readonly Descriptor[],
  generation: number,
): Item[] {
  const byDigest = new Map(blobs.map((blob) => [blob.digest, blob]));
  const member = { pk: memberPartition(repository), sk: digest };
  return [
    { ...keyItem(member), generation: number(generation) },
    ...Array.from(byDigest.values(), (blob) => ({
      ...keyItem(entryKey(repository, blob.digest, digest)),
      generation: number(generation),
      descriptor: text(descriptorText(blob)),
    })),
  ];
}

/** The row that orders a manifest among all by its last pull (ms since 1970). */
export function pullRow(
  repository: string,
  digest: Digest,
  { pulled, generation }: { readonly pulled: number; readonly generation: number },
): Item {
  return {
    ...keyItem(pullKey(pulled, repository, digest)),
    repository: text(repository),
    digest: text(digest),
    pulled: number(pulled),
    generation: number(generation),
  };
}

/** The keys of rows. */
export function keysOf(rows: readonly Item[]): Key[] {
  return rows.map(keyOf);
}

/** Lets a row's removal through unless it is one of a later generation. */
export function upToGeneration(generation: number): Condition {
  return {
    condition: '#generation <= :generation',
    values: { ':generation': number(generation) },
  };
}

/** The descriptor of an entry. */
export function readEntry(item: Item): Descriptor | undefined {
  return readDescriptor(JSON.parse(textOf(item, 'descriptor') ?? 'null'));
}

/** The bytes of manifests that are too large for an item. All methods reject when it fails. */
export interface LargeManifests {
  /** Repeating it changes nothing. */
  put(digest: Digest, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  get(digest: Digest): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Without effect when it is not there. */
  delete(digest: Digest): Promise<void>;
}

/**
 * Up to this size the bytes are in the item, in bytes: an item has at most 400 KB with its names
 * and all other values.
 */
const mostInlineBytes = 350 * 1024;
