import type { LargeValues } from '../../core/bucket/large-values.ts';
import { readDescriptor, readReferrerList } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { type Manifest, storedMediaType } from '../../core/oci/manifest.ts';
import {
  afterAll,
  cursor,
  type Page,
  type PageRequest,
  pageOfRows,
  rowsOfPage,
} from '../../core/oci/page.ts';
import { registryRange, repositoryKey, repositoryOf } from '../../core/oci/repository.ts';
import { goneCursor, pageOfGone } from '../../core/ports/gone-tags.ts';
import { type Hold, holdLife, type ManifestStore } from '../../core/ports/manifest-store.ts';
import { D1Lists } from './lists.ts';
import { busyIfOverloaded } from './overload.ts';
import { d1PublicRepositories } from './public-repositories.ts';
import * as statements from './statements.ts';
import { TagCleanup } from './tag-cleanup.ts';
import { type GoneRow, readGone, readTag, type TagRow, tagValues } from './tag-rows.ts';
import { d1AuditLog, d1TagStates } from './tag-states.ts';
import { putManifest, removeManifest } from './write-manifest.ts';

export interface D1ManifestStoreOptions {
  readonly large: LargeValues;
  /** Ms since 1970. */
  readonly now: () => number;
}

type Value = string | number | null;

/** A manifest's row. `text` is null if the bytes are in the bucket. */
interface ManifestRow {
  readonly mediaType: string;
  readonly text: string | null;
}

/**
 * The index in D1. Every read is one statement; every write is one statement or one batch. Without a
 * session D1 runs them on the primary, so that every read sees all earlier writes.
 */
export function d1ManifestStore(
  database: D1Database,
  { large, now }: D1ManifestStoreOptions,
): ManifestStore {
  const bound = (statement: string, ...values: readonly Value[]) =>
    database.prepare(statement).bind(...values);

  const lists = new D1Lists(database, { large, now });
  const cleanup = new TagCleanup(database, now);

  /** A manifest that lost its bytes counts as absent: it is fetched and put again. */
  async function manifestOf(digest: Digest, row: ManifestRow): Promise<Manifest | undefined> {
    const { text } = row;
    const bytes =
      text === null ? await large.get(digest) : new Uint8Array(new TextEncoder().encode(text));
    return bytes && { digest, mediaType: storedMediaType(row.mediaType, bytes), bytes };
  }

  async function first<Row>(
    statement: string,
    ...values: readonly Value[]
  ): Promise<Row | undefined> {
    return (await busyIfOverloaded(bound(statement, ...values).first<Row>())) ?? undefined;
  }

  async function run(statement: string, ...values: readonly Value[]): Promise<void> {
    await busyIfOverloaded(bound(statement, ...values).run());
  }

  async function names(
    page: PageRequest,
    statement: string,
    ...values: readonly Value[]
  ): Promise<Page<string>> {
    if (page.limit === 0) return { entries: [], next: undefined };
    // In SQLite -1 means no limit.
    const listing = bound(statement, ...values, rowsOfPage(page) ?? -1);
    const { results } = await listing.all<{ name: string }>();
    return pageOfRows(
      results.map(({ name }) => name),
      page,
    );
  }

  return {
    async getTag(repository, tag) {
      const row = await first<TagRow>(statements.getTag, repositoryKey(repository), tag);
      return row && readTag(row);
    },

    async putTag(repository, tag, record) {
      await run(statements.putTag, repositoryKey(repository), tag, ...tagValues(record));
      await cleanup.written();
    },

    async listTags(repository, page) {
      const after = page.last === undefined ? '' : cursor(page.last);
      const key = repositoryKey(repository);
      return names(page, statements.listTags, key, after);
    },

    async listGone(page) {
      const { repository, tag } = goneCursor(page.last);
      const listing = bound(statements.listGone, repository, tag, rowsOfPage(page) ?? -1);
      const { results } = await listing.all<GoneRow>();
      return pageOfGone(results.map(readGone), page);
    },

    async getManifest(repository, digest) {
      const row = await first<ManifestRow & { pulled: number; complete: number | null }>(
        statements.getManifest,
        repositoryKey(repository),
        digest,
      );
      const manifest = row && (await manifestOf(digest, row));
      return manifest && { ...manifest, pulled: row.pulled, complete: row.complete ?? undefined };
    },

    async findManifest(digest, registry) {
      const { start, end } = registryRange(registry);
      const row = await first<ManifestRow>(statements.findManifest, digest, start, end);
      return row && manifestOf(digest, row);
    },

    async putManifest(repository, manifest, contents, pulled) {
      const key = repositoryKey(repository);
      await busyIfOverloaded(putManifest(database, large, key, manifest, contents, pulled));
    },

    async getBlobEntry(repository, digest) {
      const row = await first<{ descriptor: string }>(
        statements.getBlobEntry,
        repositoryKey(repository),
        digest,
      );
      return row && readDescriptor(JSON.parse(row.descriptor));
    },

    async listRepositories(page, registry) {
      const after = page.last === undefined ? '' : cursor(page.last);
      if (registry === undefined) {
        return names(page, statements.listRepositories, after, afterAll);
      }
      const { start, end } = registryRange(registry);
      return names(page, statements.listRepositories, after > start ? after : start, end);
    },

    async getTagList(repository) {
      return lists.getTags(repositoryKey(repository));
    },

    async putTagList(repository, list) {
      await lists.putTags(repositoryKey(repository), list);
    },

    async getReferrers(repository, subject) {
      const list = await lists.getReferrers(repositoryKey(repository), subject);
      return list && { ...list, manifests: readReferrerList(list.manifests) };
    },

    async putReferrers(repository, subject, list) {
      await lists.putReferrers(repositoryKey(repository), subject, list);
    },

    async markPulled(repository, digest, pulled) {
      await run(statements.markPulled, repositoryKey(repository), digest, pulled);
    },

    async markComplete(repository, digest, seen) {
      await run(statements.markComplete, repositoryKey(repository), digest, seen);
    },

    async getUpstreamLocation(repository, digest) {
      const key = repositoryKey(repository);
      const row = await first<{ url: string; expires: number }>(
        statements.getUpstreamLocation,
        key,
        digest,
        now(),
      );
      // An empty url means that the upstream serves the blob itself.
      return row && { url: row.url || undefined, expires: row.expires };
    },

    async putUpstreamLocation(repository, digest, { url, expires }) {
      const key = repositoryKey(repository);
      const putting = database.batch([
        bound(statements.putUpstreamLocation, key, digest, url ?? '', expires),
        bound(statements.removeExpiredLocations, now()),
      ]);
      await busyIfOverloaded(putting);
    },

    async listHolds(repository) {
      const key = repositoryKey(repository);
      const listing = bound(statements.listHolds, key, now() - holdLife);
      return (await busyIfOverloaded(listing.all<Hold>())).results;
    },

    async putHold(repository, { kind, digest, since, until, failures, reason }) {
      const key = repositoryKey(repository);
      const putting = database.batch([
        bound(statements.putHold, key, digest, kind, since, until, failures, reason),
        bound(statements.removeOldHolds, now() - holdLife),
      ]);
      await busyIfOverloaded(putting);
    },

    ...d1PublicRepositories(database, now),
    ...d1TagStates(database, now),
    ...d1AuditLog(database, now),

    async leastRecentlyPulled(limit, after) {
      const { pulled = 0, digest = '' } = after ?? {};
      const key = after ? repositoryKey(after.repository) : '';
      const listing = bound(statements.leastRecentlyPulled, limit, pulled, key, digest);
      const { results } = await listing.all<{
        repository: string;
        digest: Digest;
        pulled: number;
      }>();
      return results.map((row) => ({ ...row, repository: repositoryOf(row.repository) }));
    },

    async removeManifest(repository, digest) {
      const key = repositoryKey(repository);
      const { isLast } = await removeManifest(database, large, key, digest);
      if (isLast) await lists.removeAll(key);
    },

    async isBlobNamed(digest) {
      return (await first(statements.isBlobNamed, digest)) !== undefined;
    },
  };
}
