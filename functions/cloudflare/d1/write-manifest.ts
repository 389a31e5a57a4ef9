import type { LargeValues } from '../../core/bucket/large-values.ts';
import { batchesOf } from '../../core/bytes/batches.ts';
import { descriptorText } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { Manifest, ManifestContents } from '../../core/oci/manifest.ts';
import { mostInlineBytes } from './lists.ts';
import * as statements from './statements.ts';

/**
 * Puts a manifest with its entries and the repository's name in the catalogue, in one transaction.
 * `pulled` in ms since 1970.
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
  // Before the index, so that readers of the index find the bytes.
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

/**
 * Removes a manifest from a repository, and its bytes if no other repository has it. `isLast`: the
 * repository has no manifest any more.
 */
export async function removeManifest(
  database: D1Database,
  large: LargeValues,
  repository: string,
  digest: Digest,
): Promise<{ readonly isLast: boolean }> {
  const prepare = (statement: string, ...values: readonly string[]) =>
    database.prepare(statement).bind(...values);
  const results = await database.batch<{ isElsewhere: number }>([
    prepare(statements.removeManifest, repository, digest),
    prepare(statements.removeBlobEntries, repository, digest),
    prepare(statements.removeRepository, repository),
    prepare(statements.removeManifestText, digest),
  ]);
  if (results.at(-1)?.results[0]?.isElsewhere === 1) await large.delete(digest);
  return { isLast: results.at(-2)?.results.length === 1 };
}

/**
 * The bytes of a manifest as text for D1; undefined if they are too large, or if the text would not
 * give the same bytes again. D1 returns binary columns as arrays of numbers, several times their size.
 */
function inlineText(bytes: Uint8Array<ArrayBuffer>): string | undefined {
  if (bytes.byteLength > mostInlineBytes) return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    // Some of SQLite's functions end a text at a NUL.
    return text.includes('\u0000') ? undefined : text;
  } catch {
    return undefined;
  }
}

/** JSON arrays of bounded size, each one a parameter of a statement. */
function jsonArrays(items: readonly string[]): string[] {
  // One more for the comma, and up to three bytes per character, as SQLite's limit is in bytes.
  const sizeOf = (item: string) => (item.length + 1) * 3;
  const most = { items: Number.POSITIVE_INFINITY, bytes: mostInlineBytes };
  return Array.from(batchesOf(items, sizeOf, most), (batch) => `[${batch.join()}]`);
}
