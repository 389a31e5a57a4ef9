import type { RangeRequest } from '../headers/range.ts';
import type { Digest } from '../oci/digest.ts';
import type { Page, PageRequest } from '../oci/page.ts';
import type { Reference } from '../oci/reference.ts';
import type { Repository } from '../oci/repository.ts';
import type { UpstreamPolicy } from '../sources/source.ts';
import type { BlobOutcome, ManifestOutcome, ReferrersOutcome, TagsOutcome } from './outcome.ts';

/** Whether the client wants the content or only to know of it. */
export type Method = 'GET' | 'HEAD';

/** The range forms that can be answered; several ranges are refused before they come here. */
export type SingleRange = Exclude<RangeRequest, { kind: 'several' }>;

/**
 * The pull-through mirror: decides what a client gets. No method rejects because an upstream, the
 * index or the bucket failed.
 */
export interface Mirror {
  /** The configured registries, by the host people write, and how each is mirrored. */
  readonly policies: ReadonlyMap<string, UpstreamPolicy>;
  /** A repository of a registry in `policies`, as one client's request asks for it. */
  repository(repository: Repository): MirroredRepository;
  /** What is mirrored, as `docker.io/library/alpine`, of one registry or of all. */
  listRepositories(page: PageRequest, registry?: string): Promise<Page<string>>;
}

/** What one client's request may ask of a repository. */
export interface MirroredRepository {
  /** Requests that were sent to upstreams for this client's request, so far. */
  readonly upstreamCalls: number;
  resolveManifest(reference: Reference, method: Method): Promise<ManifestOutcome>;
  locateBlob(digest: Digest, method: Method, range: SingleRange): Promise<BlobOutcome>;
  listTags(): Promise<TagsOutcome>;
  listReferrers(subject: Digest): Promise<ReferrersOutcome>;
}
