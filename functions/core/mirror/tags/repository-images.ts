import type { Digest } from '../../oci/digest.ts';

/** Which tags of a repository lead to which images. */
export interface RepositoryImages {
  /** When it was read last, in ms since 1970. */
  read: number;
  /** False until the index could be read. */
  isKnown: boolean;
  reading: Promise<void> | undefined;
  /** The tags that name a digest upstream. */
  named: Map<Digest, Set<string>>;
  /** The tags that are served as a digest. */
  served: Map<Digest, Set<string>>;
  /** What this instance served by tag, and indexes by digest. */
  readonly noted: Map<Digest, NotedImage>;
  /** The indexes that have a manifest, with its platform there. */
  parents: Map<Digest, Map<Digest, string>>;
  /** Indexes that are in `parents`. */
  indexed: Set<Digest>;
  /** Digests that no tag led to when they were asked for. */
  missed: Set<Digest>;
}

interface NotedImage {
  /** Empty text: by digest. */
  readonly tags: Set<string>;
  /** When it was last served, in ms since 1970. */
  at: number;
}
