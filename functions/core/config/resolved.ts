import { RepositoryPattern } from '../oci/repository.ts';
import { TagPattern } from '../tag-policy/tag-pattern.ts';
import { VersionRange } from '../tag-policy/version-range.ts';
import { accountsOf, noEcrReaders, noReaders, unknownReader, uselessReaders } from './accounts.ts';
import type { Environment } from './environment.ts';
import { hubApiElsewhere, isHubApiElsewhere, privateEcrPattern } from './known-registries.ts';
import type { NamedNetworks } from './network-list.ts';
import { mismatch, type Problem, valueAt } from './problems.ts';
import type { Account, Config } from './resolve.ts';
import { readScalar, type Scalar } from './scalar.ts';

/**
 * A checked configuration as JSON, with the variables that may override its scalars. The deployment
 * writes it, so that functions and the Worker read it without zod.
 */
export interface Resolved {
  /** The configuration, as written by `encode`. */
  readonly resolved: unknown;
  /** The scalars of the variables. */
  readonly scalars: readonly Scalar[];
  /** By a variable's name, the index of its scalar and the path that it sets. */
  readonly variables: Readonly<Record<string, readonly [number, ...string[]]>>;
  /** Variables that must be set, because the file leaves their keys to the deployment. */
  readonly required: readonly string[];
}

/** A configuration with its variables applied, and what is wrong with them. */
export interface Started {
  /** Without the invalid variables; incomplete if a required one is missing. */
  readonly config: Config;
  readonly problems: readonly Problem[];
}

/** Tells a resolved configuration from a configuration file. */
export function isResolved(json: unknown): json is Resolved {
  return typeof json === 'object' && json !== null && 'resolved' in json && 'variables' in json;
}

/** Reads a resolved configuration and applies the variables of this process. */
export function readResolved(json: Resolved, environment: Environment): Started {
  const config = decode(json.resolved) as Config;
  let problems: Problem[] = [];
  const unknown: string[] = [];
  for (const [name, text] of Object.entries(environment)) {
    if (!name.startsWith('PULLFRONT_') || !text || name === 'PULLFRONT_CONFIG') continue;
    const [index = -1, ...path] = json.variables[name] ?? [];
    const scalar = json.scalars[index];
    const value = scalar && readScalar(scalar, text);
    if (scalar === undefined) unknown.push(name);
    else if (value !== undefined && isHubApiElsewhere(path)) {
      problems.push({ path: name, message: hubApiElsewhere });
    } else if (value !== undefined && scalar.kind === 'networks') {
      // The variable replaces the networks that it names; the file's other ones stay.
      setAt(config, path, { ...config.networks, ...(value as NamedNetworks) });
    } else if (value !== undefined) setAt(config, path, value);
    else problems.push({ path: name, message: mismatch(path, text, scalar.expected) });
  }
  problems = problems.concat(repairCredentials(config, json));
  const passwords = passwordVariables(config);
  for (const path of unknown.filter((name) => !passwords.includes(name))) {
    const message = 'unknown variable; the file alone can add upstreams and set lists';
    problems.push({ path, message });
  }
  for (const name of json.required) {
    const [index = -1, ...path] = json.variables[name] ?? [];
    if (valueAt(config, path) !== undefined) continue;
    const { expected = 'a value' } = json.scalars[index] ?? {};
    problems.push({ path: name, message: mismatch(path, undefined, expected) });
  }
  return { config, problems };
}

/** The variables that hold the passwords of upstreams. */
export function passwordVariables({ upstreams }: Pick<Config, 'upstreams'>): string[] {
  return [...upstreams.values()].flatMap((upstream) =>
    accountsOf(upstream).flatMap(({ password }) =>
      password !== undefined && 'env' in password ? [password.env] : [],
    ),
  );
}

/** Restores the built credentials of upstreams whose variables leave incomplete ones. */
function repairCredentials({ upstreams, networks }: Config, json: Resolved): Problem[] {
  return [...upstreams].flatMap(([name, { credentials, url }]): Problem[] => {
    if (credentials === undefined) return [];
    const path = `upstreams.${name}.credentials`;
    // Those that only variables set have no defaults yet.
    const given: Partial<typeof credentials> = credentials;
    const complete = { ...given, for: given.for ?? 'quota', readers: given.readers ?? [] };
    setAt(upstreams, [name, 'credentials'], complete);
    const mistake = readersMistake(complete, [name, url.hostname], networks);
    if (mistake !== undefined) {
      // Less than the built account opens, never more.
      const built = (decode(json.resolved) as Config).upstreams.get(name)?.credentials;
      const kept = complete.for === 'access' && built?.for === 'access' ? built : undefined;
      const { for: use = 'quota', readers = [] } = kept ?? {};
      setAt(upstreams, [name, 'credentials'], { ...complete, for: use, readers });
      return [{ path: `${path}.readers`, message: mistake }];
    }
    if (signsInOtherwise(complete)) return [];
    const places = Object.keys(complete.password ?? {}).map((place) => `password.${place}`);
    if (complete.username !== undefined && places.length === 1) return [];
    const built = decode(json.resolved) as Config;
    setAt(upstreams, [name, 'credentials'], built.upstreams.get(name)?.credentials);
    const parts = [...(complete.username === undefined ? [] : ['a username']), ...places];
    const expected = 'a username and one of password.env, .file and .secret';
    return [{ path, message: `expected ${expected}, got ${parts.join(' and ')}` }];
  });
}

/** What is wrong with the readers of an account at a registry with these names, if anything. */
function readersMistake(
  account: Pick<Account, 'for' | 'readers'>,
  hosts: readonly string[],
  networks: Config['networks'],
): string | undefined {
  const isPrivateEcr = hosts.some((host) => privateEcrPattern.test(host));
  const isAccess = account.for === 'access' || isPrivateEcr;
  if (isAccess && account.readers.length === 0) return isPrivateEcr ? noEcrReaders : noReaders;
  if (!isAccess && account.readers.length > 0) return uselessReaders;
  const known = Object.keys(networks);
  const unknown = account.readers.find((one) => one !== 'anyone' && !known.includes(one));
  return unknown === undefined ? undefined : unknownReader(unknown, known);
}

function signsInOtherwise({ aws, helper, dockerConfig }: SignInKeys): boolean {
  return (aws ?? helper ?? dockerConfig) !== undefined;
}

type SignInKeys = Pick<Account, 'aws' | 'helper' | 'dockerConfig'>;

/** Sets a value in a decoded configuration, and creates missing objects on the way. */
function setAt(target: unknown, [key = '', ...rest]: readonly string[], value: unknown): void {
  if (target instanceof Map) {
    setAt(target.get(key), rest, value);
  } else if (typeof target === 'object' && target !== null) {
    const below: unknown = rest.length === 0 ? value : (Reflect.get(target, key) ?? {});
    Reflect.set(target, key, below);
    if (rest.length > 0) setAt(below, rest, value);
  }
}

/** Converts a value to JSON; what JSON lacks becomes an object with one key that begins with `$`. */
export function encode(value: unknown): unknown {
  if (value instanceof URL) return { $url: value.href };
  if (value instanceof RegExp) return { $pattern: value.source };
  if (value instanceof RepositoryPattern) return { $glob: value.glob };
  if (value instanceof TagPattern) return { $tags: value.text };
  if (value instanceof VersionRange) return { $versions: value.text, sets: value.sets };
  if (value instanceof Map) return { $map: [...value].map(([key, one]) => [key, encode(one)]) };
  if (value === Number.POSITIVE_INFINITY) return { $unlimited: true };
  if (Array.isArray(value)) return value.map(encode);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, encode(one)]));
}

/** Reverses `encode`. */
function decode(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(decode);
  if (typeof json !== 'object' || json === null) return json;
  if ('$url' in json) return new URL(String(json.$url));
  if ('$pattern' in json) return new RegExp(String(json.$pattern));
  if ('$glob' in json) return new RepositoryPattern(String(json.$glob));
  if ('$tags' in json) return new TagPattern(String(json.$tags));
  if ('$versions' in json && 'sets' in json && Array.isArray(json.sets)) {
    return new VersionRange(String(json.$versions), json.sets);
  }
  if ('$unlimited' in json) return Number.POSITIVE_INFINITY;
  if ('$map' in json && Array.isArray(json.$map)) {
    return new Map(json.$map.map(([key, one]: [string, unknown]) => [key, decode(one)]));
  }
  return Object.fromEntries(Object.entries(json).map(([key, one]) => [key, decode(one)]));
}
