import type { AnswerNote } from '../observe/request-line.ts';
import { isRepositoryName, type Repository, repositoryKey } from '../oci/repository.ts';
import { isAllowed, type UpstreamPolicy } from '../sources/source.ts';
import { quoted, type Refusal, refusal } from './refusal.ts';

/** The registries that can be asked for. */
export interface Registries {
  /** How each is mirrored, by the host people write. */
  readonly policies: ReadonlyMap<string, UpstreamPolicy>;
  /** Every spelling of a configured host, in lower case, with the host people write. */
  readonly spellings: ReadonlyMap<string, string>;
  /** The registry of a request that names none. */
  readonly byDefault: string;
}

const dockerHub = 'docker.io';
const dockerHubAliases = ['registry-1.docker.io', 'index.docker.io'];

/** Collects the configured registries and the other names of Docker Hub. */
export function knownRegistries(
  policies: ReadonlyMap<string, UpstreamPolicy>,
  byDefault: string,
): Registries {
  const spellings = new Map<string, string>();
  if (policies.has(dockerHub)) {
    for (const alias of dockerHubAliases) spellings.set(alias, dockerHub);
  }
  for (const registry of policies.keys()) spellings.set(registry.toLowerCase(), registry);
  return { policies, spellings, byDefault };
}

type Refused = { readonly kind: 'refused'; readonly refusal: Refusal };

export type RegistryChoice =
  | {
      readonly kind: 'registry';
      readonly registry: string;
      /** The path without a registry in front. */
      readonly rest: string;
      readonly form: AnswerNote['form'];
    }
  | Refused;

export type RepositoryChoice =
  | {
      readonly kind: 'repository';
      readonly repository: Repository;
      readonly policy: UpstreamPolicy;
      readonly form: AnswerNote['form'];
    }
  | Refused;

/**
 * Which registry is meant: `ns`, else a configured host as the path's first segment, else the
 * default. What looks like another registry's host is refused and never sent to the default.
 */
export function chooseRegistry(
  registries: Registries,
  ns: string | undefined,
  path: string,
): RegistryChoice {
  const slash = path.indexOf('/');
  const first = slash < 0 ? path : path.slice(0, slash);
  const prefix = spelt(registries, first);
  const rest = prefix === undefined ? path : path.slice(first.length + 1);
  if (ns !== undefined) {
    const registry = spelt(registries, ns);
    if (registry === undefined) return notConfigured(ns);
    if (prefix !== undefined && prefix !== registry) return contradiction(ns, first);
    return { kind: 'registry', registry, rest, form: 'ns' };
  }
  if (prefix !== undefined) return { kind: 'registry', registry: prefix, rest, form: 'prefix' };
  if (slash > 0 && looksLikeHost(first)) return notConfigured(first);
  return { kind: 'registry', registry: registries.byDefault, rest, form: 'root' };
}

/** The configured registry that this host names. ASCII only, as Unicode's lower case is not a host's. */
function spelt(registries: Registries, host: string): string | undefined {
  const registry = registries.spellings.get(host);
  if (registry !== undefined || !/^[\w.:-]+$/.test(host)) return registry;
  return registries.spellings.get(host.toLowerCase());
}

/** Which repository is meant, and whether it may be pulled. `path` is its name with any prefix. */
export function chooseRepository(
  registries: Registries,
  ns: string | undefined,
  path: string,
): RepositoryChoice {
  const choice = chooseRegistry(registries, ns, path);
  if (choice.kind === 'refused') return choice;
  const { registry, rest, form } = choice;
  const policy = registries.policies.get(registry);
  if (policy === undefined) return notConfigured(registry);
  // Docker's own images have no owner in their short names; no other registry does this.
  const name =
    registry === dockerHub && !rest.includes('/') && rest !== '' ? `library/${rest}` : rest;
  if (!isRepositoryName(name)) return invalidName(rest);
  const repository = { registry, name };
  if (!isAllowed(policy, name)) return denied(repository);
  return { kind: 'repository', repository, policy, form };
}

/** True for `host.example`, `host:5000` and `localhost`, as Docker tells hosts from owners. */
export function looksLikeHost(segment: string): boolean {
  return segment === 'localhost' || /^[a-z0-9][a-z0-9-]*(?:[.:][a-z0-9-]+)+$/i.test(segment);
}

function notConfigured(host: string): Refused {
  const message =
    `this mirror is not configured for the registry ${quoted(host)}; ` +
    'to mirror it, add it to "upstreams" in the configuration';
  return refused(404, 'NAME_UNKNOWN', message);
}

function contradiction(ns: string, prefix: string): Refused {
  const message = `the query says ns=${quoted(ns)} and the path says ${quoted(prefix)}`;
  return refused(400, 'NAME_INVALID', message);
}

function invalidName(name: string): Refused {
  return refused(400, 'NAME_INVALID', `${quoted(name)} is no repository name`);
}

function denied(repository: Repository): Refused {
  const key = quoted(repositoryKey(repository));
  return refused(403, 'DENIED', `this mirror's configuration does not allow ${key}`);
}

function refused(...what: Parameters<typeof refusal>): Refused {
  return { kind: 'refused', refusal: refusal(...what) };
}
