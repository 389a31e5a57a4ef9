import type { ByteReader } from '../bytes/byte-reader.ts';
import type { CountedRate } from '../headers/rate-limit.ts';
import type { Digest } from '../oci/digest.ts';
import type { Manifest } from '../oci/manifest.ts';
import type { Reference } from '../oci/reference.ts';
import type { Referrers } from '../oci/referrers-index.ts';

/** A repository at its upstream, for one request or one fill. */
export interface RemoteRepository {
  readonly name: string;
  /** Counts the requests sent to upstreams. */
  upstreamCalls: number;
  /** True for work that no client waits for. */
  readonly isBackground?: boolean;
  /** Cancels its requests. */
  readonly signal?: AbortSignal | undefined;
  /** The networks of the client that waits, by name. */
  readonly networks?: readonly string[] | undefined;
}

/** The content is absent, or hidden from these credentials. */
export type Refused =
  | { readonly kind: 'absent' }
  /** 401 or 403 with a valid token: private or absent (Docker Hub does not tell which). */
  | { readonly kind: 'denied' };

export type ManifestHead =
  | {
      readonly kind: 'found';
      /** Undefined when the upstream sends no Docker-Content-Digest (ECR Public). */
      readonly digest: Digest | undefined;
      /** As the upstream sent it, without parameters; it may be a generic type. */
      readonly mediaType: string;
      /** In bytes; undefined when the upstream sent no length. */
      readonly size: number | undefined;
      /** What the answer says is left. */
      readonly rate?: CountedRate | undefined;
    }
  /** The upstream does not answer HEAD here: use GET. */
  | { readonly kind: 'unsupported' }
  | Refused;

export type ManifestGet =
  | {
      readonly kind: 'found';
      readonly manifest: Manifest;
      /** What the answer says is left. */
      readonly rate?: CountedRate | undefined;
    }
  | Refused;

export type BlobHead = { readonly kind: 'found'; readonly size: number | undefined } | Refused;

/** Bytes of a blob from `start` to `end` (inclusive) or to the end of the blob. */
export interface BlobSlice {
  readonly start: number;
  readonly end?: number | undefined;
}

export type BlobOpening =
  | {
      readonly kind: 'found';
      /** The whole blob's size in bytes; undefined when the upstream sent none. */
      readonly size: number | undefined;
      /**
       * Exactly the requested slice, even from an upstream that ignores Range. A read rejects with an
       * UpstreamError when the body breaks off or stalls.
       */
      readonly body: ByteReader;
      /** The host that sends it, unless that is the registry itself. */
      readonly blobHost?: string | undefined;
    }
  | Refused;

export type BlobRedirect =
  /** The upstream's own redirect, signed for GET: for a client to follow. */
  | { readonly kind: 'redirect'; readonly url: string; readonly isOfAlternate?: boolean }
  /** The upstream serves the blob itself. `isOfAlternate`: another registry does, in its place. */
  | { readonly kind: 'direct'; readonly isOfAlternate?: boolean }
  | Refused;

/** Where a page of tags begins: at the first one, after a tag, or at the `next` of the page before. */
export type TagPageStart = { readonly last?: string } | { readonly next: string };

export type TagPage =
  | {
      readonly kind: 'found';
      /** In the upstream's order. */
      readonly tags: readonly string[];
      /** Where the next page begins; undefined after the last one. */
      readonly next: string | undefined;
    }
  | Refused;

export type ReferrersListing =
  | ({ readonly kind: 'found' } & Referrers)
  /** The upstream has no referrers API: use the fallback tag. */
  | { readonly kind: 'unsupported' };

/** The token service that a repository depends on. */
export interface TokenService {
  readonly host: string;
  /** True while there is a token, so that the service need not be asked. */
  readonly hasToken: boolean;
}

/**
 * One upstream registry. Every method rejects with an UpstreamError when there is no usable answer, and
 * never sends the registry's credentials to another host.
 */
export interface Upstream {
  /** The registry's host as people write it: `docker.io`. */
  readonly registry: string;
  /** The token service of a repository, if already known. Sends nothing. */
  tokenServiceOf(name: string): TokenService | undefined;
  /** True if the token for a repository says that it opens it. Sends nothing. */
  grantsPull?(name: string): boolean;
  /** HEAD of a manifest. Docker Hub does not count it as a pull. */
  headManifest(remote: RemoteRepository, reference: Reference): Promise<ManifestHead>;
  /** GET of a manifest. It counts as a pull. The bytes are verified against a digest reference. */
  getManifest(remote: RemoteRepository, reference: Reference): Promise<ManifestGet>;
  headBlob(remote: RemoteRepository, digest: Digest): Promise<BlobHead>;
  /** GET of a blob that follows redirects. */
  openBlob(remote: RemoteRepository, digest: Digest, slice: BlobSlice): Promise<BlobOpening>;
  /**
   * GET of a blob at the URL of an earlier redirect. Rejects as `unavailable` when that URL no longer
   * serves it: ask the upstream again.
   */
  openLocated(remote: RemoteRepository, url: string, slice: BlobSlice): Promise<BlobOpening>;
  /** GET of a blob that stops at the upstream's redirect. */
  locateBlob(remote: RemoteRepository, digest: Digest): Promise<BlobRedirect>;
  listTags(remote: RemoteRepository, start?: TagPageStart): Promise<TagPage>;
  listReferrers(remote: RemoteRepository, subject: Digest): Promise<ReferrersListing>;
}
