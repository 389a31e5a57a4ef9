import { type Descriptor, readDescriptor } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { type Item, type Key, keyItem, keyOf, number, text, textOf } from './item.ts';
import { entryKey, memberPartition, pullKey } from './item-keys.ts';
import type { Condition } from './table.ts';

/** A longer descriptor loses its annotations and urls, which nobody asks an entry for. In letters. */
const longestDescriptor = 100_000;

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

function descriptorText(blob: Descriptor): string {
  const whole = JSON.stringify(blob);
  if (whole.length <= longestDescriptor) return whole;
  const { digest, size, mediaType } = blob;
  return JSON.stringify({ digest, size, mediaType: mediaType.slice(0, 255) });
}
