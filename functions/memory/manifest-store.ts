import { BoundedCache, keepNewest } from '../core/concurrency/bounded-cache.ts';
import { type Descriptor, readReferrerList } from '../core/oci/descriptor.ts';
import type { Digest } from '../core/oci/digest.ts';
import { type Manifest, type ManifestContents, storedMediaType } from '../core/oci/manifest.ts';
import { safeType } from '../core/oci/media-type.ts';
import { type Page, type PageRequest, pageOf, rowsOfPage } from '../core/oci/page.ts';
import { type Repository, repositoryKey, repositoryOf } from '../core/oci/repository.ts';
import type { AuditEntry, AuditPageRequest } from '../core/ports/audit-log.ts';
import { goneCursor, goneTag, pageOfGone } from '../core/ports/gone-tags.ts';
import {
  type GoneTag,
  type Hold,
  holdLife,
  type IndexedManifest,
  type ManifestStore,
  type PulledManifest,
  type ReferrersList,
  type TagList,
  type TagRecord,
  type UpstreamLocation,
} from '../core/ports/manifest-store.ts';
import type { PublicRepository } from '../core/ports/public-repositories.ts';
import type { TagState } from '../core/ports/tag-states.ts';
import { BoundedRows } from './bounded-rows.ts';
import { ManifestTable } from './manifest-table.ts';
import { MemoryPublicRepositories } from './public-repositories.ts';
import { MemoryAuditLog, MemoryTagStates } from './tag-states.ts';

/** The size of a list's entry without its text, in bytes. */
const entryWeight = 100;

/** How many locations of blobs at upstreams are kept; each expires within minutes. */
const mostLocations = 10_000;

/** How many holds are kept of a repository, and of how many repositories. */
const mostHolds = 200;
const mostHolders = 1_000;

/** How to create the index. */
export interface MemoryManifestStoreOptions {
  /** Ms since 1970. */
  now(): number;
  /** The limit of the index, in bytes: half for manifests, the rest for tags and lists. */
  readonly indexBytes: number;
}

/** The index in the memory of this process, within a limit. */
export class MemoryManifestStore implements ManifestStore {
  readonly #now: () => number;
  readonly #manifests: ManifestTable;
  readonly #tags: BoundedRows<TagRecord>;
  readonly #tagLists: BoundedRows<TagList>;
  readonly #referrers: BoundedRows<ReferrersList>;
  readonly #locations: BoundedCache<UpstreamLocation>;
  readonly #holds: BoundedCache<Map<string, Hold>>;
  readonly #public: MemoryPublicRepositories;
  readonly #states: MemoryTagStates;
  readonly #audit: MemoryAuditLog;

  constructor({ now, indexBytes }: MemoryManifestStoreOptions) {
    this.#now = now;
    this.#manifests = new ManifestTable(indexBytes / 2);
    this.#tags = new BoundedRows(indexBytes / 8);
    this.#states = new MemoryTagStates(indexBytes / 8, now);
    this.#audit = new MemoryAuditLog(now);
    this.#tagLists = new BoundedRows(indexBytes / 8);
    this.#referrers = new BoundedRows(indexBytes / 8);
    this.#locations = new BoundedCache(mostLocations, now);
    this.#holds = new BoundedCache(mostHolders, now);
    this.#public = new MemoryPublicRepositories(now);
  }

  async getTag(repository: Repository, tag: string): Promise<TagRecord | undefined> {
    const record = this.#tags.get(tagKey(repository, tag));
    return record && { ...record, mediaType: safeType(record.mediaType) };
  }

  async putTag(repository: Repository, tag: string, record: TagRecord): Promise<void> {
    const key = tagKey(repository, tag);
    const stored = this.#tags.get(key);
    if (stored !== undefined && stored.checked > record.checked) return;
    const weight = entryWeight * (3 + record.history.length) + record.mediaType.length;
    this.#tags.set(key, record, weight);
  }

  async listTags(repository: Repository, page: PageRequest): Promise<Page<string>> {
    const prefix = tagKey(repository, '');
    const tags: string[] = [];
    for (const key of this.#tags.keys()) {
      if (key.startsWith(prefix)) tags.push(key.slice(prefix.length));
    }
    return pageOf(tags.sort(), page);
  }

  async listGone(page: PageRequest): Promise<Page<GoneTag>> {
    const gone = new Map<string, GoneTag>();
    for (const [key, record] of this.#tags.entries()) {
      if (!record.refusal?.isConfirmed) continue;
      const colon = key.lastIndexOf(':');
      const tag = key.slice(colon + 1);
      const one = goneTag(repositoryOf(key.slice(0, colon)), tag, record);
      if (one !== undefined) gone.set(goneKey(key.slice(0, colon), tag), one);
    }
    const { repository, tag } = goneCursor(page.last);
    const keys = [...gone.keys()].filter((key) => key > goneKey(repository, tag)).sort();
    const rows = keys.slice(0, rowsOfPage(page)).flatMap((key) => gone.get(key) ?? []);
    return pageOfGone(rows, page);
  }

  async getManifest(repository: Repository, digest: Digest): Promise<IndexedManifest | undefined> {
    const row = this.#manifests.get(repositoryKey(repository), digest);
    return row && { ...readManifest(row.manifest), pulled: row.pulled, complete: row.complete };
  }

  async findManifest(digest: Digest, registry: string): Promise<Manifest | undefined> {
    for (const { repository, manifest } of this.#manifests.holders(digest)) {
      if (repositoryOf(repository).registry === registry) return readManifest(manifest);
    }
    return undefined;
  }

  async putManifest(
    repository: Repository,
    manifest: Manifest,
    contents: ManifestContents | undefined,
    pulled: number,
  ): Promise<void> {
    this.#manifests.add(repositoryKey(repository), manifest, contents, pulled);
  }

  async getBlobEntry(repository: Repository, digest: Digest): Promise<Descriptor | undefined> {
    return this.#manifests.entry(repositoryKey(repository), digest);
  }

  async listRepositories(page: PageRequest, registry?: string): Promise<Page<string>> {
    const all = [...this.#manifests.repositories()];
    const wanted =
      registry === undefined ? all : all.filter((key) => repositoryOf(key).registry === registry);
    return pageOf(wanted.sort(), page);
  }

  async getTagList(repository: Repository): Promise<TagList | undefined> {
    return this.#tagLists.get(repositoryKey(repository));
  }

  async putTagList(repository: Repository, list: TagList): Promise<void> {
    if (list.tags.length === 0) return this.#tagLists.delete(repositoryKey(repository));
    const weight = list.tags.reduce((sum, tag) => sum + tag.length + entryWeight, entryWeight);
    this.#tagLists.set(repositoryKey(repository), list, weight);
  }

  async getReferrers(repository: Repository, subject: Digest): Promise<ReferrersList | undefined> {
    const list = this.#referrers.get(digestKey(repository, subject));
    return list && { ...list, manifests: readReferrerList(list.manifests) };
  }

  async putReferrers(repository: Repository, subject: Digest, list: ReferrersList): Promise<void> {
    const key = digestKey(repository, subject);
    if (list.manifests.length === 0) return this.#referrers.delete(key);
    // Annotations may be of any length.
    const weight = entryWeight + 2 * JSON.stringify(list).length;
    this.#referrers.set(key, list, weight);
  }

  async markPulled(repository: Repository, digest: Digest, pulled: number): Promise<void> {
    const row = this.#manifests.get(repositoryKey(repository), digest);
    if (row !== undefined) row.pulled = Math.max(row.pulled, pulled);
  }

  async markComplete(repository: Repository, digest: Digest, seen: number): Promise<void> {
    const row = this.#manifests.get(repositoryKey(repository), digest);
    if (row !== undefined) row.complete = seen;
  }

  async getUpstreamLocation(
    repository: Repository,
    digest: Digest,
  ): Promise<UpstreamLocation | undefined> {
    return this.#locations.get(digestKey(repository, digest));
  }

  async putUpstreamLocation(
    repository: Repository,
    digest: Digest,
    location: UpstreamLocation,
  ): Promise<void> {
    const left = location.expires - this.#now();
    this.#locations.set(digestKey(repository, digest), location, left);
  }

  async listHolds(repository: Repository): Promise<readonly Hold[]> {
    const holds = this.#holds.get(repositoryKey(repository))?.values() ?? [];
    return [...holds].filter(({ since }) => this.#now() < since + holdLife);
  }

  async putHold(repository: Repository, hold: Hold): Promise<void> {
    const key = repositoryKey(repository);
    const holds = this.#holds.get(key) ?? new Map<string, Hold>();
    keepNewest(holds, hold.digest, hold, mostHolds);
    this.#holds.set(key, holds, holdLife);
  }

  async getPublic(repositories: readonly Repository[]): Promise<readonly PublicRepository[]> {
    return this.#public.getPublic(repositories);
  }

  async putPublic(repository: Repository, seen: number): Promise<void> {
    return this.#public.putPublic(repository, seen);
  }

  async removePublic(repository: Repository): Promise<void> {
    return this.#public.removePublic(repository);
  }

  getTagState(repository: Repository, tag: string) {
    return this.#states.getTagState(repository, tag);
  }

  putTagState(
    repository: Repository,
    tag: string,
    state: TagState,
    revision: number | undefined,
  ): Promise<boolean> {
    return this.#states.putTagState(repository, tag, state, revision);
  }

  listTagStates(repository: Repository) {
    return this.#states.listTagStates(repository);
  }

  putAuditEntry(entry: AuditEntry): Promise<void> {
    return this.#audit.putAuditEntry(entry);
  }

  listAuditEntries(page: AuditPageRequest): Promise<Page<AuditEntry>> {
    return this.#audit.listAuditEntries(page);
  }

  async leastRecentlyPulled(
    limit: number,
    after?: PulledManifest,
  ): Promise<readonly PulledManifest[]> {
    const last = after && { ...after, repository: repositoryKey(after.repository) };
    return this.#manifests.oldest(limit, last).map(({ repository, manifest, pulled }) => ({
      repository: repositoryOf(repository),
      digest: manifest.digest,
      pulled,
    }));
  }

  async removeManifest(repository: Repository, digest: Digest): Promise<void> {
    const key = repositoryKey(repository);
    this.#manifests.remove(key, digest);
    if (this.#manifests.hasRepository(key)) return;
    this.#tagLists.delete(key);
    for (const list of [...this.#referrers.keys()]) {
      if (list.startsWith(`${key}@`)) this.#referrers.delete(list);
    }
  }

  async isBlobNamed(digest: Digest): Promise<boolean> {
    return this.#manifests.isNamed(digest);
  }
}

/** A copy, which the caller may change. */
function readManifest({ digest, mediaType, bytes }: Manifest): Manifest {
  return { digest, bytes: bytes.slice(), mediaType: storedMediaType(mediaType, bytes) };
}

/** Unambiguous: repository names contain no colon, and registries no slash. */
function tagKey(repository: Repository, tag: string): string {
  return `${repositoryKey(repository)}:${tag}`;
}

/** Sorts by repository and then by tag: the separator sorts before all their characters. */
function goneKey(repository: string, tag: string): string {
  return `${repository} ${tag}`;
}

function digestKey(repository: Repository, digest: Digest): string {
  return `${repositoryKey(repository)}@${digest}`;
}
