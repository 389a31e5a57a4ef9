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
 * A manifest's item has a generation: 1 at first, and one more each time it is put again after a
 * removal. A removal marks the item as `gone` and keeps it for a day, so that the next generation is
 * known. The manifest's rows (the entries of its blobs, its member and its pull) carry the generation
 * too, and a removal only deletes rows of its own generation or an earlier one. So a manifest that is
 * put again during its removal loses none of its rows.
 */

/** The condition that a manifest is stored and not removed. */
export const isLive = 'attribute_exists(#pk) AND attribute_not_exists(#gone)';

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

/** Whether a manifest's bytes go to the bucket instead of its item. */
export function isLarge(manifest: Pick<Manifest, 'bytes'>): boolean {
  return manifest.bytes.byteLength > mostInlineBytes;
}

/** The item of a manifest in a repository. `pulled` in ms since 1970. */
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

/** Reads a manifest, large ones from the bucket; undefined if its bytes are lost. */
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

/** The rows that lookups need: the repository's member, and an entry for each blob. */
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

/** The row that orders manifests by their last pull (ms since 1970). */
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

export function keysOf(rows: readonly Item[]): Key[] {
  return rows.map(keyOf);
}

/** The condition that a row is not of a later generation. */
export function upToGeneration(generation: number): Condition {
  return {
    condition: '#generation <= :generation',
    values: { ':generation': number(generation) },
  };
}

export function readEntry(item: Item): Descriptor | undefined {
  return readDescriptor(JSON.parse(textOf(item, 'descriptor') ?? 'null'));
}

/** The bucket for manifests that are too large for an item. Its methods reject on failure. */
export interface LargeManifests {
  /** Idempotent. */
  put(digest: Digest, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  get(digest: Digest): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Idempotent. */
  delete(digest: Digest): Promise<void>;
}

/** In bytes. An item has at most 400 KB, including attribute names. */
const mostInlineBytes = 350 * 1024;
