import type { LargeValues } from '../../core/bucket/large-values.ts';
import { batchesOf } from '../../core/bytes/batches.ts';
import { descriptorText } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { Manifest, ManifestContents } from '../../core/oci/manifest.ts';
import * as statements from './statements.ts';

/**
 * What is larger than this goes to the bucket, in bytes. D1 holds two million in a row; a statement
 * with less is quicker, and few manifests and lists have more.
 */
export const mostInlineBytes = 500_000;

/**
 * Adds a manifest to a repository, with its entries and the repository's place in the catalogue: one
 * batch, which D1 runs as one transaction. `pulled` in ms since 1970.
 */
export async function putManifest(
  database: D1Database,
  large: LargeValues,
  repository: string,
  { digest, mediaType, bytes }: Manifest,
  contents: ManifestContents | undefined,
  pulled: number,
): Promise<void> {
  const text = inlineText(bytes);
  // First the bytes: nobody reads them before the index names them.
  if (text === undefined) await large.put(digest, bytes);
  const descriptors = jsonArrays((contents?.blobs ?? []).map(descriptorText));
  await database.batch([
    database.prepare(statements.putManifestText).bind(digest, text ?? null),
    ...descriptors.map((list) =>
      database.prepare(statements.putBlobEntries).bind(repository, digest, list),
    ),
    database.prepare(statements.putRepository).bind(repository),
    database.prepare(statements.putManifest).bind(repository, digest, mediaType, pulled),
  ]);
}

/** Takes a manifest out of a repository; its bytes go with the last repository that had it. */
export async function removeManifest(
  database: D1Database,
  large: LargeValues,
  repository: string,
  digest: Digest,
): Promise<void> {
  const prepare = (statement: string, ...values: readonly string[]) =>
    database.prepare(statement).bind(...values);
  const results = await database.batch<{ isElsewhere: number }>([
    prepare(statements.removeManifest, repository, digest),
    prepare(statements.removeBlobEntries, repository, digest),
    prepare(statements.removeRepository, repository),
    prepare(statements.removeManifestText, digest),
  ]);
  if (results.at(-1)?.results[0]?.isElsewhere === 1) await large.delete(digest);
}

/**
 * The bytes of a manifest as text for D1; undefined when they are too large, or no text that gives
 * the same bytes again: those go to the bucket. D1 hands out binary columns as lists of numbers,
 * which cost several times their size.
 */
function inlineText(bytes: Uint8Array<ArrayBuffer>): string | undefined {
  if (bytes.byteLength > mostInlineBytes) return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    // SQLite ends a text at a NUL in more than one place.
    return text.includes('\u0000') ? undefined : text;
  } catch {
    return undefined;
  }
}

/** Texts in JSON arrays of bounded size, each array a parameter of a statement. */
function jsonArrays(items: readonly string[]): string[] {
  // With the comma behind it. A character has at most three bytes here, and SQLite's bound is in bytes.
  const sizeOf = (item: string) => (item.length + 1) * 3;
  const most = { items: Number.POSITIVE_INFINITY, bytes: mostInlineBytes };
  return Array.from(batchesOf(items, sizeOf, most), (batch) => `[${batch.join()}]`);
}
