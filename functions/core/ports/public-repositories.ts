import type { Repository } from '../oci/repository.ts';

/** A repository that its upstream serves to anonymous clients. */
export interface PublicRepository {
  /** `docker.io/library/alpine` */
  readonly key: string;
  /** When it last did, in ms since 1970. */
  readonly seen: number;
}

/** How long it is remembered that a repository was public, in ms. */
export const publicLife = 7 * 86_400_000;

/** The part of the index that says which repositories of registries with accounts are public. */
export interface PublicRepositories {
  /** Those of these repositories that were seen to be public within `publicLife`, in any order. */
  getPublic(repositories: readonly Repository[]): Promise<readonly PublicRepository[]>;

  /**
   * Notes when a repository was seen to be public, in ms since 1970. The store may drop a note at any
   * time.
   */
  putPublic(repository: Repository, seen: number): Promise<void>;

  /** Drops the note: the repository is no longer public. */
  removePublic(repository: Repository): Promise<void>;
}
