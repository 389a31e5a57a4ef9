/**
 * A repository of an upstream registry: `registry` is the host as people write it (`docker.io`,
 * `ghcr.io`), `name` the full name there (`library/alpine`).
 */
export interface Repository {
  readonly registry: string;
  readonly name: string;
}

const component = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;

/** Clients limit host and name together to 255 characters; this limits the name alone. */
const maxNameLength = 255;

/** True for a valid repository name (distribution-spec §Pulling manifests, `<name>`). */
export function isRepositoryName(text: string): boolean {
  if (text.length === 0 || text.length > maxNameLength) return false;
  return text.split('/').every((part) => component.test(part));
}

/** The repository as one string, `docker.io/library/alpine`, for keys and for people. */
export function repositoryKey(repository: Repository): string {
  return `${repository.registry}/${repository.name}`;
}

/** The inverse of `repositoryKey`: a registry has no slash. */
export function repositoryOf(key: string): Repository {
  const slash = key.indexOf('/');
  return { registry: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** The key range of a registry's repositories, end exclusive: `0` is the character after `/`. */
export function registryRange(registry: string): { readonly start: string; readonly end: string } {
  return { start: `${registry}/`, end: `${registry}0` };
}

/**
 * A pattern of repository names: `*` matches within one path component, `**` across components, every
 * other character itself. A regular expression would backtrack over every star, for seconds: clients
 * choose the names.
 */
export class RepositoryPattern {
  readonly glob: string;
  /** Literal characters, `*` and `**`. */
  readonly #tokens: readonly string[];

  constructor(glob: string) {
    this.glob = glob;
    this.#tokens = glob.match(/\*\*|[\s\S]/g) ?? [];
  }

  test(name: string): boolean {
    const tokens = this.#tokens;
    let [at, token] = [0, 0];
    // Where to continue after a mismatch. An earlier star never needs to match more: the later one can.
    let star: Retry | undefined;
    let globstar: Retry | undefined;
    while (at < name.length || token < tokens.length) {
      const wanted = tokens[token];
      if (wanted === '**') {
        token += 1;
        globstar = { at, token };
        star = undefined;
        if (token === tokens.length) return true;
      } else if (wanted === '*') {
        token += 1;
        star = { at, token };
      } else if (wanted !== undefined && wanted === name[at]) {
        token += 1;
        at += 1;
      } else {
        if (star !== undefined && (star.at >= name.length || name[star.at] === '/'))
          star = undefined;
        const retry = star ?? globstar;
        if (retry === undefined || retry.at >= name.length) return false;
        retry.at += 1;
        ({ at, token } = retry);
        if (retry === globstar) star = undefined;
      }
    }
    return true;
  }
}

interface Retry {
  at: number;
  readonly token: number;
}
