import { type Descriptor, readReferrerList } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { Manifest, ManifestContents } from '../../core/oci/manifest.ts';
import type { Page, PageRequest } from '../../core/oci/page.ts';
import { type Repository, repositoryKey } from '../../core/oci/repository.ts';
import type { AuditEntry, AuditPageRequest } from '../../core/ports/audit-log.ts';
import type { Consistency } from '../../core/ports/consistency.ts';
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
import { type RecordLives, recordLives } from '../../core/sources/record-lives.ts';
import { listHolds, putHold } from './hold-items.ts';
import { keyItem, number, numberOf, text, textOf } from './item.ts';
import {
  cataloguePartition,
  entryPartition,
  entryPrefix,
  holdPartition,
  listPartition,
  locationKey,
  manifestItemKey,
  manifestPartition,
  publicKey,
  tagPartition,
} from './item-keys.ts';
import { getList, putList } from './list-items.ts';
import { isLive, type LargeManifests, readEntry, readManifestItem } from './manifest-item.ts';
import { pageOfNames } from './name-pages.ts';
import { getPublic, putPublic } from './public-items.ts';
import { leastRecentlyPulled, markPulled } from './pulls.ts';
import { putManifest } from './put-manifest.ts';
import { removeManifest } from './remove-manifest.ts';
import type { DynamoDbTable } from './table.ts';
import { listGone, putTag, readTag } from './tag-items.ts';
import { getTagState, putTagState } from './tag-state-items.ts';

/** Longer lives are endless, in ms. */
const longestLife = 100 * 365 * 86_400_000;

interface ManifestStoreOptions {
  readonly large: LargeManifests;
  /** How long tags and lists are kept. */
  readonly lives?: RecordLives;
  /** Ms since 1970. */
  now(): number;
}

/** The index in the table. The bytes of large manifests are in the bucket. */
export class DynamoDbManifestStore implements ManifestStore {
  readonly #table: DynamoDbTable;
  readonly #large: LargeManifests;
  readonly #now: () => number;
  readonly #lives: RecordLives;

  constructor(table: DynamoDbTable, { large, now, lives }: ManifestStoreOptions) {
    this.#table = table;
    this.#large = large;
    this.#now = now;
    this.#lives = lives ?? recordLives(new Map());
  }

  async getTag(
    repository: Repository,
    tag: string,
    consistency?: Consistency,
  ): Promise<TagRecord | undefined> {
    const key = { pk: tagPartition(repository), sk: tag };
    const item = await this.#table.get(key, undefined, consistency);
    return item && readTag(item);
  }

  putTag(repository: Repository, tag: string, record: TagRecord): Promise<void> {
    const ttl = this.#endAfter(this.#lives.ofTag(repository.registry, tag));
    return putTag(this.#table, repository, tag, { record, ttl });
  }

  listTags(repository: Repository, page: PageRequest): Promise<Page<string>> {
    return pageOfNames(this.#table, tagPartition(repository), page);
  }

  listGone(page: PageRequest): Promise<Page<GoneTag>> {
    return listGone(this.#table, page);
  }

  async getManifest(
    repository: Repository,
    digest: Digest,
    consistency?: Consistency,
  ): Promise<IndexedManifest | undefined> {
    const key = manifestItemKey(repositoryKey(repository), digest);
    const item = await this.#table.get(key, undefined, consistency);
    if (item === undefined || item.gone !== undefined) return undefined;
    return readManifestItem(item, digest, this.#large);
  }

  async findManifest(digest: Digest, registry: string): Promise<Manifest | undefined> {
    const prefix = `${registry}/`;
    const item = await this.#table.first({
      pk: manifestPartition(digest),
      range: { condition: 'begins_with(#sk, :prefix)', values: { ':prefix': text(prefix) } },
      filter: 'attribute_not_exists(#gone)',
    });
    const found = item && (await readManifestItem(item, digest, this.#large));
    return found && { digest, mediaType: found.mediaType, bytes: found.bytes };
  }

  putManifest(
    repository: Repository,
    manifest: Manifest,
    contents: ManifestContents | undefined,
    pulled: number,
  ): Promise<void> {
    const toPut = { repository: repositoryKey(repository), manifest, contents, pulled };
    return putManifest(this.#table, this.#large, toPut);
  }

  async getBlobEntry(repository: Repository, digest: Digest): Promise<Descriptor | undefined> {
    const prefix = entryPrefix(repositoryKey(repository));
    const item = await this.#table.first({
      pk: entryPartition(digest),
      range: { condition: 'begins_with(#sk, :prefix)', values: { ':prefix': text(prefix) } },
    });
    return item && readEntry(item);
  }

  listRepositories(page: PageRequest, registry?: string): Promise<Page<string>> {
    return pageOfNames(this.#table, cataloguePartition, page, registry);
  }

  async getTagList(repository: Repository): Promise<TagList | undefined> {
    const list = await getList(this.#table, { pk: listPartition(repository), sk: 'tags' });
    return list && { tags: list.entries.map(String), checked: list.checked };
  }

  putTagList(repository: Repository, { tags, checked }: TagList): Promise<void> {
    const key = { pk: listPartition(repository), sk: 'tags' };
    return putList(this.#table, key, { entries: tags, checked }, this.#endOfList(repository));
  }

  async getReferrers(repository: Repository, subject: Digest): Promise<ReferrersList | undefined> {
    const list = await getList(this.#table, { pk: listPartition(repository), sk: subject });
    if (list === undefined) return undefined;
    const { entries, annotations, checked } = list;
    return { manifests: readReferrerList(entries), ...(annotations && { annotations }), checked };
  }

  putReferrers(
    repository: Repository,
    subject: Digest,
    { manifests, ...about }: ReferrersList,
  ): Promise<void> {
    const key = { pk: listPartition(repository), sk: subject };
    const list = { entries: manifests, ...about };
    return putList(this.#table, key, list, this.#endOfList(repository));
  }

  #endOfList({ registry }: Repository): number | undefined {
    return this.#endAfter(this.#lives.ofList(registry));
  }

  /** A time to live, in seconds since 1970; undefined: forever. */
  #endAfter(life: number): number | undefined {
    return life > longestLife ? undefined : Math.ceil((this.#now() + life) / 1000);
  }

  markPulled(repository: Repository, digest: Digest, pulled: number): Promise<void> {
    return markPulled(this.#table, repositoryKey(repository), digest, pulled);
  }

  async markComplete(repository: Repository, digest: Digest, seen: number): Promise<void> {
    await this.#table.update(manifestItemKey(repositoryKey(repository), digest), {
      update: 'SET #complete = :seen',
      condition: isLive,
      values: { ':seen': number(seen) },
    });
  }

  async getUpstreamLocation(
    repository: Repository,
    digest: Digest,
    consistency?: Consistency,
  ): Promise<UpstreamLocation | undefined> {
    const key = locationKey(repository, digest);
    const item = await this.#table.get(key, undefined, consistency);
    if (item === undefined) return undefined;
    const expires = numberOf(item, 'expires') ?? 0;
    // DynamoDB deletes expired items within days, not at once.
    return expires <= this.#now() ? undefined : { url: textOf(item, 'url'), expires };
  }

  async putUpstreamLocation(
    repository: Repository,
    digest: Digest,
    { url, expires }: UpstreamLocation,
  ): Promise<void> {
    await this.#table.put({
      ...keyItem(locationKey(repository, digest)),
      ...(url !== undefined && { url: text(url) }),
      expires: number(expires),
      ttl: number(Math.ceil(expires / 1000)),
    });
  }

  listHolds(repository: Repository): Promise<readonly Hold[]> {
    return listHolds(this.#table, holdPartition(repository), this.#now());
  }

  putHold(repository: Repository, hold: Hold): Promise<void> {
    return putHold(this.#table, holdPartition(repository), hold);
  }

  getPublic(repositories: readonly Repository[]): Promise<readonly PublicRepository[]> {
    return getPublic(this.#table, repositories, this.#now());
  }

  putPublic(repository: Repository, seen: number): Promise<void> {
    return putPublic(this.#table, repository, seen);
  }

  async removePublic(repository: Repository): Promise<void> {
    await this.#table.remove(publicKey(repositoryKey(repository)));
  }

  getTagState(
    repository: Repository,
    tag: string,
    consistency?: Consistency,
  ): Promise<StoredTagState | undefined> {
    return getTagState(this.#table, repository, tag, consistency);
  }

  putTagState(
    repository: Repository,
    tag: string,
    state: TagState,
    revision: number | undefined,
  ): Promise<boolean> {
    return putTagState(this.#table, { repository, tag, revision }, state, this.#now());
  }

  async listTagStates(repository: Repository): Promise<readonly ListedTagState[]> {
    const { listTagStates } = await import('./tag-state-list.ts');
    return listTagStates(this.#table, repository);
  }

  async putAuditEntry(entry: AuditEntry): Promise<void> {
    const { putAuditEntry } = await import('./audit-items.ts');
    await putAuditEntry(this.#table, entry);
  }

  async listAuditEntries(page: AuditPageRequest): Promise<Page<AuditEntry>> {
    const { listAuditEntries } = await import('./audit-items.ts');
    return listAuditEntries(this.#table, page);
  }

  leastRecentlyPulled(limit: number, after?: PulledManifest): Promise<readonly PulledManifest[]> {
    return leastRecentlyPulled(this.#table, limit, this.#now(), after);
  }

  removeManifest(repository: Repository, digest: Digest): Promise<void> {
    const key = repositoryKey(repository);
    return removeManifest(this.#table, this.#large, key, digest, this.#now());
  }

  async isBlobNamed(digest: Digest): Promise<boolean> {
    const query = { pk: entryPartition(digest), attributes: ['sk'] };
    return (await this.#table.first(query)) !== undefined;
  }
}
