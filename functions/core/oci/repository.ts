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
 * Compiles a pattern of repository names: `*` matches within one path component, `**` across
 * components, every other character itself.
 */
export function repositoryPattern(glob: string): RegExp {
  const source = glob
    .split(/(\*\*|\*)/)
    .map((part) => {
      if (part === '**') return '.*';
      if (part === '*') return '[^/]*';
      return part.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
    })
    .join('');
  return new RegExp(`^${source}$`);
}
