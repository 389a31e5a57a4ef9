import { anyUpstream, type Key, keys } from './keys.ts';
import type { Path, Problem } from './problems.ts';
import { suggestion } from './suggestion.ts';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A value for one place of the configuration from elsewhere than its file. */
export interface Override {
  /** The variable's or option's name, as in mistakes. */
  readonly from: string;
  readonly path: Path;
  readonly value: unknown;
}

/** Names the file itself, and the list of upstreams as NAME or NAME=URL, with commas. */
const special = ['PULLFRONT_CONFIG', 'PULLFRONT_UPSTREAMS'];

/** What Kubernetes puts into every container near a service that is called `pullfront`. */
const kubernetes =
  /^PULLFRONT_(?:[A-Z0-9_]+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)$/;

/** The variable of a scalar. */
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
 * The variable of a scalar: `PULLFRONT_` and its path in capitals, with `_` between words and for
 * every other sign: `limits.storeBytes` is `PULLFRONT_LIMITS_STORE_BYTES`, and the `tagTtl` of the
 * upstream docker.io `PULLFRONT_UPSTREAMS_DOCKER_IO_TAG_TTL`.
 */
export function variableOf(path: Path): string {
  return `PULLFRONT_${path.map((part) => screaming(String(part))).join('_')}`;
}

/** The variables of every scalar of the definition, for a configuration with these upstreams. */
export function variablesOf(upstreams: readonly string[]): Variable[] {
  return keys
    .filter(({ scalar }) => scalar !== undefined)
    .flatMap((key) => {
      const paths = key.path.includes(anyUpstream)
        ? upstreams.map((name) => key.path.map((part) => (part === anyUpstream ? name : part)))
        : [key.path];
      return paths.map((path) => ({ name: variableOf(path), path, key }));
    });
}

/** Reads `NAME` or `NAME=URL` as what it changes; a NAME alone only adds the upstream. */
export function upstreamOverride(from: string, text: string): Override {
  const equals = text.indexOf('=');
  if (equals === -1) return { from, path: ['upstreams', text], value: {} };
  const path = ['upstreams', text.slice(0, equals), 'url'];
  return { from, path, value: text.slice(equals + 1) };
}

/** What `PULLFRONT_UPSTREAMS` adds. An empty variable counts as absent, here and below. */
export function listedUpstreams(environment: Environment): Override[] {
  const name = 'PULLFRONT_UPSTREAMS';
  const listed = (environment[name] ?? '').split(',').map((one) => one.trim());
  return listed.filter((one) => one !== '').map((one) => upstreamOverride(name, one));
}

/** The values from variables, for a configuration with these upstreams. */
export function environmentOverrides(
  environment: Environment,
  upstreams: readonly string[],
): Override[] {
  return variablesOf(upstreams).flatMap(({ name, path }) => {
    const value = environment[name];
    return value === undefined || value === '' ? [] : [{ from: name, path, value }];
  });
}

/** A `PULLFRONT_` variable that means nothing is a mistake; `others` are used elsewhere. */
export function unknownVariables(
  environment: Environment,
  upstreams: readonly string[],
  others: readonly string[],
): Problem[] {
  const known = [...special, ...variablesOf(upstreams).map(({ name }) => name)];
  const unknown = Object.keys(environment).filter(
    (name) =>
      name.startsWith('PULLFRONT_') &&
      environment[name] !== '' &&
      !kubernetes.test(name) &&
      !known.includes(name) &&
      !others.includes(name),
  );
  return unknown.map((path) => ({
    path,
    found: 'an unknown variable',
    expected: suggestion(path, known) ?? expectedVariable(path, upstreams),
  }));
}

function expectedVariable(name: string, upstreams: readonly string[]): string {
  if (!name.startsWith('PULLFRONT_UPSTREAMS_')) {
    return 'one that stands for a value of the configuration: PULLFRONT_LISTEN';
  }
  const example = variableOf(['upstreams', upstreams[0] ?? 'docker.io', 'tagTtl']);
  return `one of an upstream that is configured (${upstreams.join(', ')}): ${example}`;
}
