import { anyName, type Key, keys } from './keys.ts';
import { type NamedNetworks, readNetworks, readProxies, splitNames } from './network-list.ts';
import type { Path } from './problems.ts';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A value that a variable or an option sets. */
export interface Override {
  /** The name of the variable or the option, for error messages. */
  readonly from: string;
  readonly path: Path;
  readonly value: unknown;
}

/** The variable for a scalar, or for what else a variable can set. */
export interface Variable {
  readonly name: string;
  readonly path: readonly string[];
  readonly key: Key;
}

const screaming = (text: string) =>
  text
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]/g, '_')
    .toUpperCase();

/**
 * The variable for a key: `PULLFRONT_` and its path in screaming snake case. `limits.storeBytes`
 * is `PULLFRONT_LIMITS_STORE_BYTES`; the `tagTtl` of the upstream docker.io is
 * `PULLFRONT_UPSTREAMS_DOCKER_IO_TAG_TTL`.
 */
export function variableOf(path: Path): string {
  return `PULLFRONT_${path.map((part) => screaming(String(part))).join('_')}`;
}

/** Every variable of a configuration with these upstreams. */
export function variablesOf(upstreams: readonly string[]): Variable[] {
  return keys
    .filter(({ scalar }) => scalar !== undefined)
    .flatMap((key) => {
      const paths = key.path.includes(anyName)
        ? upstreams.map((name) => key.path.map((part) => (part === anyName ? name : part)))
        : [key.path];
      return paths.map((path) => ({ name: variableOf(path), path, key }));
    });
}

/** Reads `NAME` or `NAME=URL`; a NAME alone only adds the upstream. */
export function upstreamOverride(from: string, text: string): Override {
  const equals = text.indexOf('=');
  if (equals === -1) return { from, path: ['upstreams', text], value: {} };
  const path = ['upstreams', text.slice(0, equals), 'url'];
  return { from, path, value: text.slice(equals + 1) };
}

/** The upstreams in `PULLFRONT_UPSTREAMS`, separated by commas or spaces. An empty variable counts as absent, here and below. */
export function listedUpstreams(environment: Environment): Override[] {
  const name = 'PULLFRONT_UPSTREAMS';
  return splitNames(environment[name] ?? '').map((one) => upstreamOverride(name, one));
}

/** The values of the variables for a configuration with these upstreams. */
export function environmentOverrides(
  environment: Environment,
  upstreams: readonly string[],
): Override[] {
  return variablesOf(upstreams).flatMap(({ name, path, key }) => {
    const text = environment[name];
    if (text === undefined || text === '') return [];
    return overridesIn(name, path, key, text);
  });
}

/** What is invalid stays the text of the variable: the definition says what is expected. */
function overridesIn(from: string, path: Path, { scalar }: Key, text: string): Override[] {
  switch (scalar?.kind) {
    case 'networks':
      return networkOverrides(from, path, readNetworks(text) ?? text);
    case 'names':
      return [{ from, path, value: splitNames(text) }];
    case 'proxies':
      return [{ from, path, value: readProxies(text) ?? text }];
    default:
      return [{ from, path, value: text }];
  }
}

/** A variable replaces the networks that it names; the file's other ones stay. */
function networkOverrides(from: string, path: Path, networks: NamedNetworks | string): Override[] {
  if (typeof networks === 'string') return [{ from, path, value: networks }];
  return Object.entries(networks).map(([name, value]) => ({ from, path: [...path, name], value }));
}
