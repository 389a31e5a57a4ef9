import type { Key } from 'lmdb';
import { readDescriptor } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { Manifest, ManifestContents } from '../../core/oci/manifest.ts';
import { afterAll } from '../../core/oci/page.ts';
import { repositoryOf } from '../../core/oci/repository.ts';
import type { FillJob } from '../../core/ports/fill-queue.ts';
import type { IndexDatabase } from './database.ts';

/** The range of keys that begin with `prefix` and have at least one more element. */
export function under<const Prefix extends readonly Key[]>(
  ...prefix: Prefix
): { start: [...Prefix, string]; end: [...Prefix, string] } {
  // The element separator sorts before every character of a name, so `[a]` excludes `[a-b]`, `[a/b]`.
  return { start: [...prefix, ''], end: [...prefix, afterAll] };
}

/** Tells whether a range has no rows. */
export function isEmpty(rows: Iterable<unknown>): boolean {
  for (const _ of rows) return false;
  return true;
}

/**
 * Writes all rows of a manifest of `repository` unless they exist. Must run inside `write`, where
 * each put takes effect at once and its promise means nothing.
 */
export function addManifest(
  index: IndexDatabase,
  repository: string,
  { digest, mediaType, bytes }: Manifest,
  contents: ManifestContents | undefined,
  pulled: number,
): void {
  if (!index.bytes.doesExist(digest)) {
    void index.bytes.put(digest, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }
  if (index.manifests.doesExist([repository, digest])) return;
  const blobs = new Map((contents?.blobs ?? []).map((blob) => [blob.digest, blob]));
  void index.manifests.put([repository, digest], { mediaType, pulled, blobs: [...blobs.keys()] });
  void index.holders.put([digest, repository], 1);
  void index.pulls.put([pulled, repository, digest], 1);
  void index.catalogue.put(repository, 1);
  for (const blob of blobs.values()) {
    void index.entries.put([repository, blob.digest, digest], blob);
    void index.namers.put([blob.digest, repository, digest], 1);
  }
}

/** Removes what `addManifest` wrote, and what nothing else needs. Must run inside `write`. */
export function removeManifest(index: IndexDatabase, repository: string, digest: Digest): void {
  const record = index.manifests.get([repository, digest]);
  if (record === undefined) return;
  void index.manifests.remove([repository, digest]);
  void index.holders.remove([digest, repository]);
  void index.pulls.remove([record.pulled, repository, digest]);
  for (const blob of record.blobs) {
    void index.entries.remove([repository, blob, digest]);
    void index.namers.remove([blob, repository, digest]);
  }
  if (isEmpty(index.holders.getKeys({ ...under(digest), limit: 1 }))) {
    void index.bytes.remove(digest);
  }
  if (isEmpty(index.manifests.getKeys({ ...under(repository), limit: 1 }))) {
    void index.catalogue.remove(repository);
    void index.tagLists.remove(repository);
    for (const key of [...index.referrers.getKeys(under(repository))]) {
      void index.referrers.remove(key);
    }
  }
}

/** How to fetch a blob again; undefined if no manifest names it. */
export function fillOf(index: IndexDatabase, digest: Digest): FillJob | undefined {
  for (const [, repository, manifest] of index.namers.getKeys({ ...under(digest), limit: 1 })) {
    const blob = readDescriptor(index.entries.get([repository, digest, manifest]));
    return blob && { repository: repositoryOf(repository), blob };
  }
  return undefined;
}

/** Notes that the manifests that name a blob are no longer complete. Must run inside `write`. */
export function forgetComplete(index: IndexDatabase, digest: Digest): void {
  for (const [, repository, manifest] of [...index.namers.getKeys(under(digest))]) {
    const record = index.manifests.get([repository, manifest]);
    if (record?.complete === undefined) continue;
    const { complete: _, ...rest } = record;
    void index.manifests.put([repository, manifest], rest);
  }
}

/** Records a later pull of a manifest, if the manifest exists. Must run inside `write`. */
export function recordPull(
  index: IndexDatabase,
  repository: string,
  digest: Digest,
  pulled: number,
): void {
  const record = index.manifests.get([repository, digest]);
  if (record === undefined || record.pulled >= pulled) return;
  void index.pulls.remove([record.pulled, repository, digest]);
  void index.pulls.put([pulled, repository, digest], 1);
  void index.manifests.put([repository, digest], { ...record, pulled });
}
