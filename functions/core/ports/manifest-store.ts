import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { Manifest, ManifestContents } from '../oci/manifest.ts';
import type { Page, PageRequest } from '../oci/page.ts';
import type { Referrers } from '../oci/referrers-index.ts';
import type { Repository } from '../oci/repository.ts';
import type { AuditLog } from './audit-log.ts';
import type { Consistency } from './consistency.ts';
import type { PublicRepositories } from './public-repositories.ts';
import type { TagStates } from './tag-states.ts';

/** A former target of a tag. */
export interface FormerTag {
  readonly digest: Digest;
  /** When the upstream was first seen with another digest or none, in ms since 1970. */
  readonly until: number;
}

/** The upstream's refusal of a tag that it had before. */
export interface TagRefusal {
  /** When this mirror first saw it, in ms since 1970. */
  readonly since: number;
  /** True once it was confirmed a while later: the tag is gone. */
  readonly isConfirmed: boolean;
}

/**
 * The target of a tag. Times are in ms since 1970. In older records of a tag that is gone there is no
 * `refusal`: the history begins with `digest` itself, until `checked`.
 */
export interface TagRecord {
  readonly digest: Digest;
  /** Empty if unknown. */
  readonly mediaType: string;
  /** The manifest's size in bytes. */
  readonly size: number;
  /** When this mirror first saw the tag. */
  readonly firstSeen: number;
  /** When this mirror first saw the tag point to `digest`. */
  readonly changed: number;
  /** When the upstream last confirmed it. */
  readonly checked: number;
  /** Newest first, at most twenty. */
  readonly history: readonly FormerTag[];
  /** Set while the upstream refuses the tag. */
  readonly refusal?: TagRefusal | undefined;
}

/** A tag that the upstream no longer has. */
export interface GoneTag {
  readonly repository: Repository;
  readonly tag: string;
  /** The last manifest that it named. */
  readonly digest: Digest;
  /** In ms since 1970. */
  readonly since: number;
}

/** An upstream's list of tags, as of `checked` (ms since 1970). */
export interface TagList {
  readonly tags: readonly string[];
  readonly checked: number;
}

/** An upstream's list of referrers of one manifest, as of `checked` (ms since 1970). */
export interface ReferrersList extends Referrers {
  readonly checked: number;
}

/** A manifest of a repository in the index. Times are in ms since 1970. */
export interface IndexedManifest extends Manifest {
  /** When it was last marked as pulled. */
  readonly pulled: number;
  /** When everything it needs was last seen stored; undefined: never. */
  readonly complete: number | undefined;
}

/** Where an upstream serves a blob. */
export interface UpstreamLocation {
  /** The upstream's own redirect, not empty; undefined: it serves the blob itself. */
  readonly url: string | undefined;
  /** Until when it may be used, in ms since 1970. */
  readonly expires: number;
}

/**
 * Content of a repository that could not be had from its upstream: a blob, or a manifest that an index
 * names. Times are in ms since 1970.
 */
export interface Hold {
  readonly kind: 'blob' | 'manifest';
  readonly digest: Digest;
  readonly since: number;
  /** Until when what needs it is refused. */
  readonly until: number;
  /** How often in a row it could not be had. */
  readonly failures: number;
  /** Why, for clients. Holds no secret. */
  readonly reason: string;
  /** When a probe reached it after that; never stored. */
  readonly reached?: number;
}

/** How long a hold is remembered, in ms. */
export const holdLife = 86_400_000;

/** A manifest of a repository and when it was last pulled (ms since 1970). */
export interface PulledManifest {
  readonly repository: Repository;
  readonly digest: Digest;
  readonly pulled: number;
}

/** How long a list is kept after it was checked, in ms. */
export const listLife = 30 * 86_400_000;

/** How long a tag's record is kept after it was checked if its manifest is not here, in ms. */
export const tagLife = 7 * 86_400_000;

/**
 * The index of manifests and tags.
 *
 * Once a method's promise has resolved, its writes survive a crash, and every instance reads them
 * unless the read is `eventual`. What is absent is undefined. A method rejects when the store cannot be
 * reached; callers then continue without it.
 *
 * Clients choose the names of tags and lists, so these do not accumulate. Empty lists are not stored. A
 * list is dropped with the last manifest of its repository, and some time after `listLife`. A tag's
 * record is dropped some time after `tagLife` if its repository does not have the manifest. A store of limited
 * size also drops those that were checked first. A store whose database drops rows by their age alone
 * keeps tags and lists for as long as `recordLives` says, whether their manifests are here or not.
 *
 * Whatever wrote it, what is read can be sent to clients: a manifest's media type is repaired by
 * `storedMediaType`, a tag's is empty unless it is servable, and descriptors go through
 * `readDescriptor` or, in lists of referrers, `readReferrerList`.
 */
export interface ManifestStore extends PublicRepositories, TagStates, AuditLog {
  getTag(
    repository: Repository,
    tag: string,
    consistency?: Consistency,
  ): Promise<TagRecord | undefined>;

  /** Writes a tag's record, unless the stored one has a later `checked`: late writes are dropped. */
  putTag(repository: Repository, tag: string, record: TagRecord): Promise<void>;

  /** The tags seen of a repository, in the order of code units. */
  listTags(repository: Repository, page: PageRequest): Promise<Page<string>>;

  /**
   * The tags whose refusal is confirmed, by repository and then by tag, in the order of code units. A
   * page's `last` and `next` are the repository and the tag: `docker.io/library/alpine:3`.
   */
  listGone(page: PageRequest): Promise<Page<GoneTag>>;

  /** A manifest, byte for byte; undefined if only another repository has it. */
  getManifest(
    repository: Repository,
    digest: Digest,
    consistency?: Consistency,
  ): Promise<IndexedManifest | undefined>;

  /**
   * A manifest from any repository of this registry. Ask the upstream whether a client may have it
   * before serving it.
   */
  findManifest(digest: Digest, registry: string): Promise<Manifest | undefined>;

  /**
   * Adds a manifest to a repository. In one atomic step, every blob it names becomes an entry of the
   * repository, and the repository is added to the catalogue. Idempotent. `pulled` is the first mark
   * as pulled, in ms since 1970.
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
  /** An empty list removes the stored one. */
  putTagList(repository: Repository, list: TagList): Promise<void>;

  getReferrers(repository: Repository, subject: Digest): Promise<ReferrersList | undefined>;
  /** An empty list removes the stored one. */
  putReferrers(repository: Repository, subject: Digest, list: ReferrersList): Promise<void>;

  /** Marks a manifest of a repository as pulled; without effect when it is absent. */
  markPulled(repository: Repository, digest: Digest, pulled: number): Promise<void>;

  /** Marks a manifest as complete: all it needs is stored. Without effect when it is absent. */
  markComplete(repository: Repository, digest: Digest, seen: number): Promise<void>;

  /** What another instance just learned from the upstream; undefined once it expired. */
  getUpstreamLocation(
    repository: Repository,
    digest: Digest,
    consistency?: Consistency,
  ): Promise<UpstreamLocation | undefined>;

  /** Shares a location with the other instances. The store may drop it at any time. */
  putUpstreamLocation(
    repository: Repository,
    digest: Digest,
    location: UpstreamLocation,
  ): Promise<void>;

  /** The holds of a repository that this or another instance stored, in any order. */
  listHolds(repository: Repository): Promise<readonly Hold[]>;

  /** Stores a hold for a day. The store may drop it at any time. */
  putHold(repository: Repository, hold: Hold): Promise<void>;

  /** At most `limit` manifests, the least recently pulled first; those after one of an earlier list. */
  leastRecentlyPulled(limit: number, after?: PulledManifest): Promise<readonly PulledManifest[]>;

  /**
   * Removes a manifest from a repository, with the blob entries that no other manifest of the repository
   * has. Its bytes are deleted with the last repository that has it.
   */
  removeManifest(repository: Repository, digest: Digest): Promise<void>;

  /** True while a manifest of any repository names the blob. */
  isBlobNamed(digest: Digest): Promise<boolean>;

  /**
   * The size of the index in bytes, which counts against the limit of the store. Undefined for a store
   * that does not know it, or that has a limit of its own.
   */
  usedBytes?(): Promise<number>;
}
