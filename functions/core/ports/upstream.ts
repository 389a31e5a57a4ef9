import type { ByteReader } from '../bytes/byte-reader.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { Manifest } from '../oci/manifest.ts';
import type { Reference } from '../oci/reference.ts';

/** A repository at its upstream, as one piece of work asks for it. */
export interface RemoteRepository {
  readonly name: string;
  /** Requests that this work sent to upstreams: each adds one. */
  upstreamCalls: number;
}

/** The content is not there, or this credential may not know of it. */
export type Refused =
  | { readonly kind: 'absent' }
  /** 401 or 403 with a good token: private, or not existing (Docker Hub does not tell which). */
  | { readonly kind: 'denied' };

export type ManifestHead =
  | {
      readonly kind: 'found';
      /** undefined when the upstream sends no Docker-Content-Digest (ECR Public). */
      readonly digest: Digest | undefined;
      /** Without parameters; as the upstream sent it, so it may be a generic type. */
      readonly mediaType: string;
      /** In bytes; undefined when the upstream sent no length. */
      readonly size: number | undefined;
    }
  /** The upstream does not answer HEAD here: the caller has to GET. */
  | { readonly kind: 'unsupported' }
  | Refused;

export type ManifestGet = { readonly kind: 'found'; readonly manifest: Manifest } | Refused;

export type BlobHead = { readonly kind: 'found'; readonly size: number | undefined } | Refused;

/** Bytes of a blob from `start`, to `end` (included) or to the end of the blob. */
export interface BlobSlice {
  readonly start: number;
  readonly end?: number | undefined;
}

export type BlobOpening =
  | {
      readonly kind: 'found';
      /** The whole blob's size in bytes; undefined when the upstream did not say. */
      readonly size: number | undefined;
      /**
       * Exactly the slice asked for, also from an upstream that ignores Range. It errors with an
       * UpstreamError when it breaks or stalls.
       */
      readonly body: ByteReader;
      /** The host that sends it, where that is not the registry itself. */
      readonly blobHost?: string | undefined;
    }
  | Refused;

export type BlobLocating =
  /** The upstream's own redirect, signed for GET: for a client to follow. */
  | { readonly kind: 'redirect'; readonly url: string }
  /** The upstream serves the blob itself. */
  | { readonly kind: 'direct' }
  | Refused;

export type TagListing = { readonly kind: 'found'; readonly tags: readonly string[] } | Refused;

export type ReferrersListing =
  | { readonly kind: 'found'; readonly manifests: readonly Descriptor[] }
  /** The upstream has no referrers API: the fallback tag has to be asked. */
  | { readonly kind: 'unsupported' };

/** A token service that the requests for a repository depend on. */
export interface TokenService {
  readonly host: string;
  /** True while a token is at hand: then it need not be asked. */
  readonly hasToken: boolean;
}

/**
 * One upstream registry. Every method rejects with an UpstreamError when the upstream gives no
 * usable answer, and never follows the origin's credentials to another host.
 */
export interface Upstream {
  /** The registry's host as people write it: `docker.io`. */
  readonly registry: string;
  /** The token service that a repository was seen to depend on. Asks nobody. */
  tokenServiceOf(name: string): TokenService | undefined;
  /** HEAD of a manifest: not counted as a pull by Docker Hub. */
  headManifest(remote: RemoteRepository, reference: Reference): Promise<ManifestHead>;
  /** GET of a manifest: counted as a pull. The bytes are verified against a digest reference. */
  getManifest(remote: RemoteRepository, reference: Reference): Promise<ManifestGet>;
  headBlob(remote: RemoteRepository, digest: Digest): Promise<BlobHead>;
  /** GET of a blob, redirects followed. */
  openBlob(remote: RemoteRepository, digest: Digest, slice: BlobSlice): Promise<BlobOpening>;
  /**
   * GET of a blob at a place that the upstream redirected to before. Rejects as `unavailable` when
   * that place has it no more: the upstream has to be asked again.
   */
  openLocated(remote: RemoteRepository, url: string, slice: BlobSlice): Promise<BlobOpening>;
  /** GET of a blob up to the upstream's redirect, which is not followed. */
  locateBlob(remote: RemoteRepository, digest: Digest): Promise<BlobLocating>;
  /** The whole list of tags, in the order of code units. */
  listTags(remote: RemoteRepository): Promise<TagListing>;
  listReferrers(remote: RemoteRepository, subject: Digest): Promise<ReferrersListing>;
}
