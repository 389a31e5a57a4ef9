import type { ByteRange, RangeRequest, RangeSpec } from '../headers/range.ts';
import type { Digest } from '../oci/digest.ts';
import type { Page, PageRequest } from '../oci/page.ts';
import type { Reference } from '../oci/reference.ts';
import type { Referrers } from '../oci/referrers-index.ts';
import type { Repository } from '../oci/repository.ts';
import type { GoneTag } from '../ports/manifest-store.ts';
import type { PolicyReason } from '../ports/policy-reason.ts';
import type { RequestOrigin } from '../sources/request-origin.ts';
import type { Unobtained } from '../sources/unobtained.ts';
import type { UpstreamPolicy } from '../sources/upstream-policy.ts';

export type Method = 'GET' | 'HEAD';

/** The whole blob or one range of it. */
export type SingleRange = Exclude<RangeRequest, { kind: 'several' | 'too-many' }>;

/**
 * The pull-through mirror: decides what a client gets. No method rejects because an upstream, the
 * index or the bucket failed.
 */
export interface Mirror {
  /** The policy of each registry, by the host people write. */
  readonly policies: ReadonlyMap<string, UpstreamPolicy>;
  /**
   * A repository of a registry in `policies`, for one client's request. `commits` if the client does not
   * fall back after the first manifest.
   */
  repository(repository: Repository, origin?: RequestOrigin, commits?: boolean): MirroredRepository;
  /** What is mirrored, as `docker.io/library/alpine`, of one registry or of all. */
  listRepositories(page: PageRequest, registry?: string): Promise<Page<string>>;
  /** Those of these repositories that a client may see in a list. */
  listable(keys: readonly string[], origin: RequestOrigin): Promise<readonly string[]>;
  /** The tags that are gone upstream; see `ManifestStore.listGone`. */
  listGone(page: PageRequest): Promise<Page<GoneTag>>;
}

/** A repository of the mirror, for one client's request. */
export interface MirroredRepository {
  /** The number of requests sent to upstreams so far. */
  readonly upstreamCalls: number;
  /** `mustConfirm` if the client wants the upstream to confirm the tag now, although it is fresh. */
  resolveManifest(
    reference: Reference,
    method: Method,
    mustConfirm?: boolean,
  ): Promise<ManifestOutcome>;
  /** `urlLife`, in ms, overrides how long a URL of the bucket is valid. */
  locateBlob(
    digest: Digest,
    method: Method,
    range: SingleRange,
    urlLife?: number,
  ): Promise<BlobOutcome>;
  /** For GET of several ranges of a blob. */
  locateRanges(
    digest: Digest,
    ranges: readonly RangeSpec[],
    urlLife?: number,
  ): Promise<RangesOutcome>;
  listTags(page: PageRequest): Promise<TagsOutcome>;
  listReferrers(subject: Digest): Promise<ReferrersOutcome>;
}

/** Where content came from, for Cache-Status (RFC 9211), Warning and the log. */
export type Provenance =
  /** From the store or memory. `ttl` is the rest of its freshness in seconds; undefined: unlimited. */
  | { readonly kind: 'hit'; readonly ttl: number | undefined }
  /** From the store or memory, after the upstream confirmed by HEAD that it is current. */
  | { readonly kind: 'revalidated'; readonly ttl: number }
  /**
   * From the store or memory, out of date: the upstream is asked after the answer. `ttl` is the rest of its
   * freshness in seconds, at most 0.
   */
  | { readonly kind: 'revalidating'; readonly ttl: number }
  /** Fetched from the upstream for this request or a concurrent one. */
  | { readonly kind: 'miss' }
  /** Out of date, but the upstream failed. `age` is in seconds since the last confirmation. */
  | { readonly kind: 'stale'; readonly age: number; readonly reason: string }
  /** From another registry, which alone says what the tag names, because the upstream failed. */
  | { readonly kind: 'alternate'; readonly registry: string; readonly reason: string }
  /** The upstream no longer has it. `since` is in ms since 1970. */
  | { readonly kind: 'kept'; readonly since: number };

export type ManifestOutcome =
  | {
      readonly kind: 'found';
      readonly digest: Digest;
      readonly mediaType: string;
      readonly size: number;
      /** undefined only for a HEAD whose manifest was not fetched: a HEAD never costs a pull. */
      readonly bytes: Uint8Array<ArrayBuffer> | undefined;
      readonly provenance: Provenance;
      /** Why it is this digest, if a rule or a person decided that. */
      readonly policy?: PolicyReason | undefined;
    }
  /** A rule refuses the tag. */
  | { readonly kind: 'refused'; readonly policy: PolicyReason }
  /** A rule holds the tag until one of its digests is old enough. */
  | { readonly kind: 'held'; readonly policy: PolicyReason }
  | Unobtained;

export type BlobOutcome =
  /** For HEAD: the blob exists. */
  | { readonly kind: 'known'; readonly size: number | undefined; readonly provenance: Provenance }
  | {
      readonly kind: 'redirect';
      readonly url: string;
      /** The blob's size in bytes if the URL is one of the bucket. */
      readonly stored?: number | undefined;
      readonly provenance: Provenance;
    }
  | {
      readonly kind: 'stream';
      /** The whole blob's size in bytes; may be undefined only without a range. */
      readonly size: number | undefined;
      /** The part that `body` is; undefined for the whole blob. */
      readonly range: ByteRange | undefined;
      readonly body: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer>;
      readonly provenance: Provenance;
    }
  /** No byte of the range lies within the blob. */
  | { readonly kind: 'unsatisfiable'; readonly size: number }
  | Unobtained;

/** A range of a stored blob, which is opened when its turn comes. */
export interface BlobPart extends ByteRange {
  /** Rejects if the blob is not stored any more. A stream must be read or cancelled. */
  open(): Promise<ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer>>;
}

export type RangesOutcome =
  | {
      readonly kind: 'parts';
      /** The whole blob's size in bytes. */
      readonly size: number;
      /** At least two, in the order of the request. */
      readonly parts: readonly BlobPart[];
      readonly provenance: Provenance;
    }
  /** The blob is not stored, its bytes do not come from this process, or the ranges are excessive. */
  | { readonly kind: 'refused' }
  | BlobOutcome;

export type TagsOutcome =
  | {
      readonly kind: 'found';
      /** In the order of code units. */
      readonly tags: readonly string[];
      /** The `last` of the next page's request; undefined: there is none. */
      readonly next: string | undefined;
      readonly provenance: Provenance;
    }
  | Unobtained;

export type ReferrersOutcome =
  | ({ readonly kind: 'found'; readonly provenance: Provenance } & Referrers)
  | Unobtained;
