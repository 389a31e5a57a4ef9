/**
 * A repository of an upstream registry: `registry` is the registry's host as people write it
 * (`docker.io`, `ghcr.io`), `name` the repository's name there (`library/alpine`).
 */
export interface Repository {
  readonly registry: string;
  readonly name: string;
}

const component = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;

/** Clients limit host and name together to 255 characters; the name alone is held to that here. */
const maxNameLength = 255;

/** True when the text is a repository name (distribution-spec §Pulling manifests, `<name>`). */
export function isRepositoryName(text: string): boolean {
  if (text.length === 0 || text.length > maxNameLength) return false;
  return text.split('/').every((part) => component.test(part));
}

/** The repository in one string, `docker.io/library/alpine`: a key, and what people read. */
export function repositoryKey(repository: Repository): string {
  return `${repository.registry}/${repository.name}`;
}

/** Reads a key of `repositoryKey`: a registry has no slash. */
export function repositoryOf(key: string): Repository {
  const slash = key.indexOf('/');
  return { registry: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** The keys of a registry's repositories lie between these: `0` is the character after `/`. */
export function registryRange(registry: string): { readonly start: string; readonly end: string } {
  return { start: `${registry}/`, end: `${registry}0` };
}

/**
 * Compiles a pattern of repository names: `*` stands for anything within one path component,
 * `**` for anything across components, every other character for itself.
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
