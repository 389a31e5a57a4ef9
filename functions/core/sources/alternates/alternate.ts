import type { Digest } from '../../oci/digest.ts';
import type { Reference } from '../../oci/reference.ts';
import type { Repository } from '../../oci/repository.ts';
import type {
  BlobOpening,
  BlobRedirect,
  BlobSlice,
  ManifestGet,
  ManifestHead,
} from '../../ports/upstream.ts';
import type { UpstreamError } from '../../ports/upstream-error.ts';

/** A registry that may have the same digests as another one. */
export interface Alternate {
  /** As in the configuration: `public.ecr.aws/docker`. */
  readonly entry: string;
  readonly registry: string;
  /** What its repositories' names begin with; may be empty. */
  readonly prefix: string;
}

/** Reads an entry of `alternates`. */
export function alternateOf(entry: string): Alternate {
  const [registry = '', ...prefix] = entry.split('/');
  return { entry, registry, prefix: prefix.join('/') };
}

/**
 * A repository's place at an alternate; undefined if the alternate has no such repository: ECR Public
 * mirrors only the official images of Docker Hub.
 */
export function placeAt(
  { registry, prefix, entry }: Alternate,
  repository: Repository,
): Repository | undefined {
  const isHub = repository.registry === 'docker.io';
  const isOfficial = repository.name.startsWith('library/');
  if (isHub && entry === 'public.ecr.aws/docker' && !isOfficial) return undefined;
  return { registry, name: prefix === '' ? repository.name : `${prefix}/${repository.name}` };
}

/** A repository at an alternate, for one exchange: a Source without alternates of its own. */
export interface AlternateSource {
  readonly upstreamCalls: number;
  readonly recentFailure: UpstreamError | undefined;
  readonly pullLimit: UpstreamError | undefined;
  headManifest(reference: Reference): Promise<ManifestHead>;
  getManifest(reference: Reference): Promise<ManifestGet>;
  openBlob(digest: Digest, slice: BlobSlice): Promise<BlobOpening>;
  openLocated(url: string, digest: Digest, slice: BlobSlice): Promise<BlobOpening>;
  locateBlob(digest: Digest): Promise<BlobRedirect>;
}
