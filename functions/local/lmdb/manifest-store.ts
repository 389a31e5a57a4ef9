import { createHash } from 'node:crypto';
import { type Descriptor, readDescriptor, readReferrerList } from '../../core/oci/descriptor.ts';
import { algorithmOf, type Digest, encodedOf } from '../../core/oci/digest.ts';
import { type Manifest, type ManifestContents, storedMediaType } from '../../core/oci/manifest.ts';
import { safeType } from '../../core/oci/media-type.ts';
import {
  cursor,
  type Page,
  type PageRequest,
  pageOfRows,
  rowsOfPage,
} from '../../core/oci/page.ts';
import {
  type Repository,
  registryRange,
  repositoryKey,
  repositoryOf,
} from '../../core/oci/repository.ts';
import type { AuditEntry, AuditPageRequest } from '../../core/ports/audit-log.ts';
import { goneCursor, goneTag, pageOfGone } from '../../core/ports/gone-tags.ts';
import type {
  GoneTag,
  Hold,
  IndexedManifest,
  ManifestStore,
  PulledManifest,
  ReferrersList,
  TagList,
  TagRecord,
  UpstreamLocation,
} from '../../core/ports/manifest-store.ts';
import type { PublicRepository } from '../../core/ports/public-repositories.ts';
import type { ListedTagState, StoredTagState, TagState } from '../../core/ports/tag-states.ts';
import type { IndexDatabase } from './database.ts';
import { listHolds, putHold } from './hold-rows.ts';
import { addManifest, isEmpty, recordPull, removeManifest, under } from './manifest-rows.ts';
import { NameLimit, type NameLimitOptions } from './name-limit.ts';
import { getPublic, putPublic } from './public-rows.ts';
import {
  getTagState,
  listAuditEntries,
  listTagStates,
  putAuditEntry,
  putTagState,
} from './tag-state-rows.ts';

/** The index in LMDB. Reads are synchronous lookups in a memory map; writes wait for the disk. */
export class LmdbManifestStore implements ManifestStore {
  readonly #index: IndexDatabase;
  readonly #names: NameLimit;
  readonly #now: () => number;

  constructor(index: IndexDatabase, options: NameLimitOptions) {
    this.#index = index;
    this.#names = new NameLimit(index, options);
    this.#now = () => options.now();
  }

  async getTag(repository: Repository, tag: string): Promise<TagRecord | undefined> {
    const record = this.#index.tags.get([repositoryKey(repository), tag]);
    return record && { ...record, mediaType: safeType(record.mediaType) };
  }

  async putTag(repository: Repository, tag: string, record: TagRecord): Promise<void> {
    const { tags, write } = this.#index;
    const key: [string, string] = [repositoryKey(repository), tag];
    await write(() => {
      const stored = tags.get(key);
      if (stored === undefined || stored.checked <= record.checked) void tags.put(key, record);
    });
    this.#names.written();
  }

  async listTags(repository: Repository, page: PageRequest): Promise<Page<string>> {
    const key = repositoryKey(repository);
    const rows = this.#index.tags.getKeys({
      ...under(key),
      ...(page.last !== undefined && { start: [key, cursor(page.last)], exclusiveStart: true }),
      limit: rowsOfPage(page) ?? Number.POSITIVE_INFINITY,
    });
    return pageOfRows(
      Array.from(rows, ([, tag]) => tag),
      page,
    );
  }

  async listGone(page: PageRequest): Promise<Page<GoneTag>> {
    const { repository, tag } = goneCursor(page.last);
    const most = rowsOfPage(page) ?? Number.POSITIVE_INFINITY;
    const rows: GoneTag[] = [];
    const after = { start: [repository, tag] as [string, string], exclusiveStart: true };
    for (const { key, value } of this.#index.tags.getRange(after)) {
      if (rows.length >= most) break;
      const one = goneTag(repositoryOf(key[0]), key[1], value);
      if (one !== undefined) rows.push(one);
    }
    return pageOfGone(rows, page);
  }

  async getManifest(repository: Repository, digest: Digest): Promise<IndexedManifest | undefined> {
    return this.#readManifest(repositoryKey(repository), digest);
  }

  async findManifest(digest: Digest, registry: string): Promise<Manifest | undefined> {
    const { start, end } = registryRange(registry);
    const range = { start: [digest, start], end: [digest, end], limit: 1 };
    const [key] = this.#index.holders.getKeys(range);
    const found = key && (await this.#readManifest(key[1], digest));
    return found && { digest, mediaType: found.mediaType, bytes: found.bytes };
  }

  async #readManifest(holder: string, digest: Digest): Promise<IndexedManifest | undefined> {
    const record = this.#index.manifests.get([holder, digest]);
    const bytes = record && this.#index.bytes.get(digest);
    if (record === undefined || bytes === undefined) return undefined;
    if (createHash(algorithmOf(digest)).update(bytes).digest('hex') !== encodedOf(digest)) {
      // The disk corrupted them. The next put stores them again, unless it finds some.
      await this.#index.write(() => void this.#index.bytes.remove(digest));
      return undefined;
    }
    const { pulled, complete } = record;
    const mediaType = storedMediaType(record.mediaType, bytes);
    return { digest, mediaType, bytes: new Uint8Array(bytes), pulled, complete };
  }

  async putManifest(
    repository: Repository,
    manifest: Manifest,
    contents: ManifestContents | undefined,
    pulled: number,
  ): Promise<void> {
    const key = repositoryKey(repository);
    const { manifests, bytes } = this.#index;
    if (manifests.doesExist([key, manifest.digest]) && bytes.doesExist(manifest.digest)) return;
    await this.#index.write(() => addManifest(this.#index, key, manifest, contents, pulled));
  }

  async getBlobEntry(repository: Repository, digest: Digest): Promise<Descriptor | undefined> {
    const range = under(repositoryKey(repository), digest);
    const [entry] = this.#index.entries.getRange({ ...range, limit: 1 });
    return entry && readDescriptor(entry.value);
  }

  async listRepositories(page: PageRequest, registry?: string): Promise<Page<string>> {
    const range = registry === undefined ? { start: '' } : registryRange(registry);
    const after = page.last === undefined ? undefined : cursor(page.last);
    const isInside = after !== undefined && after >= range.start;
    const rows = this.#index.catalogue.getKeys({
      ...range,
      ...(isInside && { start: after, exclusiveStart: true }),
      limit: rowsOfPage(page) ?? Number.POSITIVE_INFINITY,
    });
    return pageOfRows([...rows], page);
  }

  async getTagList(repository: Repository): Promise<TagList | undefined> {
    return this.#index.tagLists.get(repositoryKey(repository));
  }

  async putTagList(repository: Repository, list: TagList): Promise<void> {
    const { tagLists, write } = this.#index;
    const key = repositoryKey(repository);
    const isEmptied = list.tags.length === 0;
    if (isEmptied && !tagLists.doesExist(key)) return;
    await write(() => void (isEmptied ? tagLists.remove(key) : tagLists.put(key, list)));
    this.#names.written();
  }

  async getReferrers(repository: Repository, subject: Digest): Promise<ReferrersList | undefined> {
    const list = this.#index.referrers.get([repositoryKey(repository), subject]);
    return list && { ...list, manifests: readReferrerList(list.manifests) };
  }

  async putReferrers(repository: Repository, subject: Digest, list: ReferrersList): Promise<void> {
    const { referrers, write } = this.#index;
    const key: [string, string] = [repositoryKey(repository), subject];
    const isEmptied = list.manifests.length === 0;
    if (isEmptied && !referrers.doesExist(key)) return;
    await write(() => void (isEmptied ? referrers.remove(key) : referrers.put(key, list)));
    this.#names.written();
  }

  async markPulled(repository: Repository, digest: Digest, pulled: number): Promise<void> {
    const key = repositoryKey(repository);
    await this.#index.write(() => recordPull(this.#index, key, digest, pulled));
  }

  async markComplete(repository: Repository, digest: Digest, seen: number): Promise<void> {
    const { manifests, write } = this.#index;
    const key: [string, string] = [repositoryKey(repository), digest];
    await write(() => {
      const record = manifests.get(key);
      if (record !== undefined) void manifests.put(key, { ...record, complete: seen });
    });
  }

  /** Not stored: there is no other instance, and this one has it in memory. */
  async getUpstreamLocation(): Promise<UpstreamLocation | undefined> {
    return undefined;
  }

  async putUpstreamLocation(): Promise<void> {}

  async listHolds(repository: Repository): Promise<readonly Hold[]> {
    return listHolds(this.#index, repositoryKey(repository), this.#now());
  }

  async putHold(repository: Repository, hold: Hold): Promise<void> {
    const key = repositoryKey(repository);
    await this.#index.write(() => putHold(this.#index, key, hold, this.#now()));
  }

  async getPublic(repositories: readonly Repository[]): Promise<readonly PublicRepository[]> {
    return getPublic(this.#index, repositories.map(repositoryKey), this.#now());
  }

  async putPublic(repository: Repository, seen: number): Promise<void> {
    await this.#index.write(() => putPublic(this.#index, repositoryKey(repository), seen));
  }

  async removePublic(repository: Repository): Promise<void> {
    const { publicRepositories, write } = this.#index;
    await write(() => void publicRepositories.remove(repositoryKey(repository)));
  }

  async getTagState(repository: Repository, tag: string): Promise<StoredTagState | undefined> {
    return getTagState(this.#index, repositoryKey(repository), tag);
  }

  async putTagState(
    repository: Repository,
    tag: string,
    state: TagState,
    revision: number | undefined,
  ): Promise<boolean> {
    const key: [string, string] = [repositoryKey(repository), tag];
    const now = this.#now();
    const put = () => putTagState(this.#index, key, state, revision, now);
    const isWritten = await this.#index.write(put);
    this.#names.written();
    return isWritten;
  }

  async listTagStates(repository: Repository): Promise<readonly ListedTagState[]> {
    return listTagStates(this.#index, repositoryKey(repository));
  }

  async putAuditEntry(entry: AuditEntry): Promise<void> {
    await this.#index.write(() => putAuditEntry(this.#index, entry, this.#now()));
  }

  async listAuditEntries(page: AuditPageRequest): Promise<Page<AuditEntry>> {
    return listAuditEntries(this.#index, page);
  }

  async leastRecentlyPulled(
    limit: number,
    after?: PulledManifest,
  ): Promise<readonly PulledManifest[]> {
    const start: [number, string, string] | undefined = after && [
      after.pulled,
      repositoryKey(after.repository),
      after.digest,
    ];
    const range = { limit, ...(start && { start, exclusiveStart: true }) };
    return Array.from(this.#index.pulls.getKeys(range), ([pulled, repository, digest]) => ({
      repository: repositoryOf(repository),
      // It was validated before it was written.
      digest: digest as Digest,
      pulled,
    }));
  }

  async removeManifest(repository: Repository, digest: Digest): Promise<void> {
    const key = repositoryKey(repository);
    await this.#index.write(() => removeManifest(this.#index, key, digest));
  }

  async isBlobNamed(digest: Digest): Promise<boolean> {
    return !isEmpty(this.#index.namers.getKeys({ ...under(digest), limit: 1 }));
  }

  async usedBytes(): Promise<number> {
    return this.#index.usedBytes();
  }

  /** Ends the work in the background. */
  stop(): Promise<void> {
    return this.#names.stop();
  }
}
