import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { Manifest, ManifestContents } from '../oci/manifest.ts';
import type { Page, PageRequest } from '../oci/page.ts';
import type { Repository } from '../oci/repository.ts';

/** What a tag named before, and until when. */
export interface FormerTag {
  readonly digest: Digest;
  /** When the upstream was first seen to name another digest or none, in ms since 1970. */
  readonly until: number;
}

/**
 * What a tag names, and when that was seen. Times are in ms since 1970. Of a tag that the upstream
 * has no more the history begins with `digest` itself, until `checked`.
 */
export interface TagRecord {
  readonly digest: Digest;
  /** Empty when it is not known. */
  readonly mediaType: string;
  /** The manifest's size in bytes. */
  readonly size: number;
  /** When this mirror first saw the tag. */
  readonly firstSeen: number;
  /** When the tag began to name `digest`, as far as this mirror saw. */
  readonly changed: number;
  /** When the upstream last said so. */
  readonly checked: number;
  /** Newest first, at most twenty. */
  readonly history: readonly FormerTag[];
}

/** An upstream's list of tags, as of `checked` (ms since 1970). */
export interface TagList {
  readonly tags: readonly string[];
  readonly checked: number;
}

/** An upstream's list of referrers of one manifest, as of `checked` (ms since 1970). */
export interface ReferrersList {
  readonly manifests: readonly Descriptor[];
  readonly checked: number;
}

/** A manifest of a repository, and what the index noted of it. Times are in ms since 1970. */
export interface IndexedManifest extends Manifest {
  /** When it was last marked as pulled. */
  readonly pulled: number;
  /** When all that it needs was last seen stored; undefined: never. */
  readonly complete: number | undefined;
}

/** Where an upstream sends clients for a blob. */
export interface UpstreamLocation {
  /** The upstream's own redirect, not empty; undefined: it serves the blob itself. */
  readonly url: string | undefined;
  /** Until when that is handed out, in ms since 1970. */
  readonly expires: number;
}

/** A manifest of a repository and when it was last pulled (ms since 1970). */
export interface PulledManifest {
  readonly repository: Repository;
  readonly digest: Digest;
  readonly pulled: number;
}

/**
 * How current the answer of a read is. An `eventual` one may lack what was written a moment ago, and
 * costs less where the index has replicas.
 */
export type Consistency = 'strong' | 'eventual';

/**
 * The index: what is known of manifests and tags.
 *
 * Everything a method wrote is there for every later read of every instance once its promise has
 * resolved, unless the read says that it may be `eventual`, and survives a crash. What is not there is undefined. A method rejects when the store
 * cannot be reached; callers then go on without it.
 *
 * What is read is fit to be sent, whoever wrote it: a manifest's media type is mended by
 * `storedMediaType`, a tag's is empty unless it is servable, and descriptors go through
 * `readDescriptor`.
 */
export interface ManifestStore {
  getTag(
    repository: Repository,
    tag: string,
    consistency?: Consistency,
  ): Promise<TagRecord | undefined>;

  /** Writes a tag's record, unless the stored one has a later `checked`: late writes are dropped. */
  putTag(repository: Repository, tag: string, record: TagRecord): Promise<void>;

  /** The tags seen of a repository, in the order of code units. */
  listTags(repository: Repository, page: PageRequest): Promise<Page<string>>;

  /** A manifest, byte for byte, if this repository has it: another's is not answered. */
  getManifest(
    repository: Repository,
    digest: Digest,
    consistency?: Consistency,
  ): Promise<IndexedManifest | undefined>;

  /**
   * A manifest whatever repository of this registry it came by. Not for answering clients: check the
   * upstream first.
   */
  findManifest(digest: Digest, registry: string): Promise<Manifest | undefined>;

  /**
   * Adds a manifest to a repository. In the same step every blob it names becomes an entry of the
   * repository, and the repository is in the catalogue: a reader never sees the one without the
   * others. Repeating it changes nothing. `pulled` is its first mark, in ms since 1970.
   */
  putManifest(
    repository: Repository,
    manifest: Manifest,
    contents: ManifestContents | undefined,
    pulled: number,
  ): Promise<void>;

  /** The descriptor of a blob, if a manifest of this repository names it. */
  getBlobEntry(repository: Repository, digest: Digest): Promise<Descriptor | undefined>;

  /** The repositories that hold a manifest, as `docker.io/library/alpine`, in code unit order. */
  listRepositories(page: PageRequest, registry?: string): Promise<Page<string>>;

  getTagList(repository: Repository): Promise<TagList | undefined>;
  putTagList(repository: Repository, list: TagList): Promise<void>;

  getReferrers(repository: Repository, subject: Digest): Promise<ReferrersList | undefined>;
  putReferrers(repository: Repository, subject: Digest, list: ReferrersList): Promise<void>;

  /** Marks a manifest of a repository as pulled; without effect when it is not there. */
  markPulled(repository: Repository, digest: Digest, pulled: number): Promise<void>;

  /** Notes that all a manifest of a repository needs is stored; without effect when it is not there. */
  markComplete(repository: Repository, digest: Digest, seen: number): Promise<void>;

  /** What an upstream told another instance a moment ago; undefined once it expired. */
  getUpstreamLocation(
    repository: Repository,
    digest: Digest,
    consistency?: Consistency,
  ): Promise<UpstreamLocation | undefined>;

  /** Shares what an upstream told with the other instances; it may be forgotten at any time. */
  putUpstreamLocation(
    repository: Repository,
    digest: Digest,
    location: UpstreamLocation,
  ): Promise<void>;

  /** The manifests pulled longest ago first, at most `limit`. */
  leastRecentlyPulled(limit: number): Promise<readonly PulledManifest[]>;

  /**
   * Takes a manifest out of a repository, with the blob entries that no other manifest of the
   * repository has. The bytes go with the last repository that had them.
   */
  removeManifest(repository: Repository, digest: Digest): Promise<void>;

  /** True while a manifest of any repository names the blob. */
  isBlobNamed(digest: Digest): Promise<boolean>;
}
