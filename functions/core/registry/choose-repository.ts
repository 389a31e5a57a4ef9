import type { AnswerNote } from '../observe/request-line.ts';
import { isRepositoryName, type Repository, repositoryKey } from '../oci/repository.ts';
import { isAllowed, type UpstreamPolicy } from '../sources/upstream-policy.ts';
import { quoted, type Refusal, refusal } from './refusal.ts';

/** The registries that clients can name. */
export interface Registries {
  /** The policy of each registry, by its host as people write it. */
  readonly policies: ReadonlyMap<string, UpstreamPolicy>;
  /** Maps every spelling of a configured host, in lower case, to the host as people write it. */
  readonly spellings: ReadonlyMap<string, string>;
  /** The registry of a request that names none. */
  readonly defaultRegistry: string;
}

const dockerHub = 'docker.io';
const dockerHubAliases = ['registry-1.docker.io', 'index.docker.io'];

/** The configured registries, and the other names of Docker Hub. */
export function knownRegistries(
  policies: ReadonlyMap<string, UpstreamPolicy>,
  defaultRegistry: string,
): Registries {
  const aliases = policies.has(dockerHub) ? dockerHubAliases : [];
  const spellings = new Map([
    ...aliases.map((alias) => [alias, dockerHub] as const),
    ...[...policies.keys()].map((registry) => [registry.toLowerCase(), registry] as const),
  ]);
  return { policies, spellings, defaultRegistry };
}

type Refused = { readonly kind: 'refused'; readonly refusal: Refusal };

type RegistryChoice =
  | {
      readonly kind: 'registry';
      readonly registry: string;
      /** The path without the registry. */
      readonly rest: string;
      readonly form: AnswerNote['form'];
    }
  | Refused;

type RepositoryChoice =
  | {
      readonly kind: 'repository';
      readonly repository: Repository;
      readonly policy: UpstreamPolicy;
      readonly form: AnswerNote['form'];
    }
  | Refused;

/**
 * Chooses the registry: `ns`, else a configured host as the path's first segment, else the default.
 * With `ns`, only a host before `/v2` (`isBeforeV2`) can contradict it: after `/v2`, any name may be a
 * repository of that registry. A segment that only another registry can have is refused and never
 * sent to the default.
 */
export function chooseRegistry(
  registries: Registries,
  ns: string | undefined,
  path: string,
  isBeforeV2: boolean,
): RegistryChoice {
  const slash = path.indexOf('/');
  const first = slash < 0 ? path : path.slice(0, slash);
  const named = registryOf(registries, first);
  const withoutFirst = path.slice(first.length + 1);
  if (ns !== undefined) {
    const registry = registryOf(registries, ns);
    if (registry === undefined) return notConfigured(ns);
    if (named === registry) return { kind: 'registry', registry, rest: withoutFirst, form: 'ns' };
    if (isBeforeV2 && (named !== undefined || isHost(first, registry))) {
      const message = `ns=${quoted(ns)} contradicts the registry ${quoted(first)} in the path`;
      return refused(400, 'NAME_INVALID', message);
    }
    return { kind: 'registry', registry, rest: path, form: 'ns' };
  }
  if (named !== undefined) {
    return { kind: 'registry', registry: named, rest: withoutFirst, form: 'prefix' };
  }
  const { defaultRegistry } = registries;
  if (slash > 0 && isHost(first, defaultRegistry)) return notConfigured(first);
  return { kind: 'registry', registry: defaultRegistry, rest: path, form: 'root' };
}

/** The configured registry of a host. Lower-cases ASCII only: Unicode's lower case is not a host's. */
function registryOf({ spellings }: Registries, host: string): string | undefined {
  const registry = spellings.get(host);
  if (registry !== undefined || !/^[\w.:-]+$/.test(host)) return registry;
  return spellings.get(host.toLowerCase());
}

/**
 * Chooses the repository and checks that it may be pulled. `path` is its name with any prefix, whose
 * first segment may be before `/v2`.
 */
export function chooseRepository(
  registries: Registries,
  ns: string | undefined,
  path: string,
  isBeforeV2: boolean,
): RepositoryChoice {
  const choice = chooseRegistry(registries, ns, path, isBeforeV2);
  if (choice.kind === 'refused') return choice;
  const { registry, rest, form } = choice;
  const policy = registries.policies.get(registry);
  if (policy === undefined) return notConfigured(registry);
  // Only Docker Hub has images whose short names leave out the owner.
  const name =
    registry === dockerHub && !rest.includes('/') && rest !== '' ? `library/${rest}` : rest;
  if (!isRepositoryName(name)) {
    return refused(400, 'NAME_INVALID', `invalid repository name ${quoted(rest)}`);
  }
  const repository = { registry, name };
  if (!isAllowed(policy, name)) {
    const key = quoted(repositoryKey(repository));
    return refused(403, 'DENIED', `this mirror's configuration does not allow ${key}`);
  }
  return { kind: 'repository', repository, policy, form };
}

/** True for `host.example`, `host:5000` and `localhost`, as Docker tells hosts from owners. */
export function looksLikeHost(segment: string): boolean {
  return segment === 'localhost' || /^[a-z0-9][a-z0-9-]*(?:[.:][a-z0-9-]+)+$/i.test(segment);
}

/**
 * True for the first segment of a path at a registry if it can only be another registry's host. At
 * Docker Hub owners have no dots; elsewhere, as at GitLab, `my.group` may be one.
 */
export function isHost(segment: string, registry: string): boolean {
  return looksLikeHost(segment) && (registry === dockerHub || !isRepositoryName(segment));
}

function notConfigured(host: string): Refused {
  const message =
    `this mirror is not configured for the registry ${quoted(host)}; ` +
    'to mirror it, add it to "upstreams" in the configuration';
  return refused(404, 'NAME_UNKNOWN', message);
}

function refused(...parameters: Parameters<typeof refusal>): Refused {
  return { kind: 'refused', refusal: refusal(...parameters) };
}
