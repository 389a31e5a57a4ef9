import { RepositoryPattern } from '../oci/repository.ts';

/**
 * A pattern of repositories, and after a colon one of tags: `library/postgres:16*`. Without a colon, it
 * matches all tags.
 */
export class TagPattern {
  readonly text: string;
  readonly #repository: RepositoryPattern;
  readonly #tag: RepositoryPattern | undefined;

  constructor(text: string) {
    this.text = text;
    const [repository = '', tag] = text.split(':');
    this.#repository = new RepositoryPattern(repository);
    this.#tag = tag === undefined ? undefined : new RepositoryPattern(tag);
  }

  /** Whether it matches any tag of the repository. */
  mayMatch(repository: string): boolean {
    return this.#repository.test(repository);
  }

  test(repository: string, tag: string): boolean {
    return this.#repository.test(repository) && (this.#tag?.test(tag) ?? true);
  }
}
