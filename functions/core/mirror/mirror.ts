import type { RangeRequest } from '../headers/range.ts';
import type { Digest } from '../oci/digest.ts';
import type { Page, PageRequest } from '../oci/page.ts';
import type { Reference } from '../oci/reference.ts';
import type { Repository } from '../oci/repository.ts';
import type { CallCount } from '../ports/upstream.ts';
import type { UpstreamPolicy } from '../sources/policy.ts';
import type { BlobOutcome, ManifestOutcome, ReferrersOutcome, TagsOutcome } from './outcome.ts';

/** Whether the client wants the content or only to know of it. */
export type Method = 'GET' | 'HEAD';

/** The range forms that can be answered; several ranges are refused before they come here. */
export type SingleRange = Exclude<RangeRequest, { kind: 'several' }>;

/**
 * The pull-through mirror: decides what a client gets. Repositories must be of a registry in
 * `policies`. No method rejects because an upstream, the index or the bucket failed.
 */
export interface Mirror {
  /** The configured registries, by the host people write, and how each is mirrored. */
  readonly policies: ReadonlyMap<string, UpstreamPolicy>;
  resolveManifest(
    repository: Repository,
    reference: Reference,
    method: Method,
    calls: CallCount,
  ): Promise<ManifestOutcome>;
  locateBlob(
    repository: Repository,
    digest: Digest,
    method: Method,
    range: SingleRange,
    calls: CallCount,
  ): Promise<BlobOutcome>;
  listTags(repository: Repository, calls: CallCount): Promise<TagsOutcome>;
  listReferrers(
    repository: Repository,
    subject: Digest,
    calls: CallCount,
  ): Promise<ReferrersOutcome>;
  /** What is mirrored, as `docker.io/library/alpine`, of one registry or of all. */
  listRepositories(page: PageRequest, registry?: string): Promise<Page<string>>;
}
