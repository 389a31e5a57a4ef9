import { BoundedCache } from '../core/concurrency/bounded-cache.ts';
import { type Repository, repositoryKey } from '../core/oci/repository.ts';
import {
  type PublicRepositories,
  type PublicRepository,
  publicLife,
} from '../core/ports/public-repositories.ts';

/** How many public repositories are remembered. */
const mostPublic = 10_000;

/** Which repositories are public, in the memory of this process. */
export class MemoryPublicRepositories implements PublicRepositories {
  readonly #now: () => number;
  readonly #seen: BoundedCache<number>;

  /** `now` in ms since 1970. */
  constructor(now: () => number) {
    this.#now = now;
    this.#seen = new BoundedCache(mostPublic, now);
  }

  async getPublic(repositories: readonly Repository[]): Promise<readonly PublicRepository[]> {
    return repositories.map(repositoryKey).flatMap((key) => {
      const seen = this.#seen.get(key);
      return seen === undefined ? [] : [{ key, seen }];
    });
  }

  async putPublic(repository: Repository, seen: number): Promise<void> {
    this.#seen.set(repositoryKey(repository), seen, seen + publicLife - this.#now());
  }

  async removePublic(repository: Repository): Promise<void> {
    this.#seen.delete(repositoryKey(repository));
  }
}
