import type { Environment } from './environment.ts';
import { foundText, type Problem, valueAt } from './problems.ts';
import type { Config } from './resolve.ts';
import { readScalar, type Scalar } from './scalar.ts';

/**
 * A checked configuration as JSON, with the variables that may override its scalars. Whoever
 * deploys writes it, and a function or a Worker reads it without the checker and its library.
 */
export interface Resolved {
  /** The configuration; what JSON does not have is an object of one key (`encode`). */
  readonly resolved: unknown;
  /** The scalars that the variables stand for. */
  readonly scalars: readonly Scalar[];
  /** By its name, the number of a variable's scalar, and its path. */
  readonly variables: Readonly<Record<string, readonly [number, ...string[]]>>;
  /** Variables of what the file leaves to the deployment, and which must be there. */
  readonly required: readonly string[];
}

/** A configuration at the start of a process, and what is wrong with its variables. */
export interface Started {
  /** Without the variables that are wrong; incomplete where one is missing. */
  readonly config: Config;
  readonly problems: readonly Problem[];
}

/** True for the JSON of a resolved configuration, as against a file that people write. */
export function isResolved(json: unknown): json is Resolved {
  return typeof json === 'object' && json !== null && 'resolved' in json && 'variables' in json;
}

/** Reads a resolved configuration and lays the variables of this process over it. */
export function readResolved(json: Resolved, environment: Environment): Started {
  const config = decode(json.resolved) as Config;
  const problems: Problem[] = [];
  const unknown: string[] = [];
  for (const [name, text] of Object.entries(environment)) {
    if (!name.startsWith('PULLFRONT_') || !text || name === 'PULLFRONT_CONFIG') continue;
    const [index = -1, ...path] = json.variables[name] ?? [];
    const scalar = json.scalars[index];
    const value = scalar && readScalar(scalar, text);
    if (scalar === undefined) unknown.push(name);
    else if (value !== undefined) setAt(config, path, value);
    else problems.push({ path: name, found: foundText(path, text), expected: scalar.expected });
  }
  problems.push(...repairCredentials(config, json));
  const passwords = passwordVariables(config);
  problems.push(...unknown.filter((name) => !passwords.includes(name)).map(unknownVariable));
  for (const name of json.required) {
    const [index = -1, ...path] = json.variables[name] ?? [];
    if (valueAt(config, path) !== undefined) continue;
    problems.push({ path: name, found: 'nothing', expected: json.scalars[index]?.expected ?? '' });
  }
  return { config, problems };
}

/** The variables that hold the passwords of upstreams. */
export function passwordVariables({ upstreams }: Pick<Config, 'upstreams'>): string[] {
  return [...upstreams.values()].flatMap(({ credentials }) =>
    credentials !== undefined && 'env' in credentials.password ? [credentials.password.env] : [],
  );
}

/** Takes back what variables made of credentials when it is not a whole account, and tells it. */
function repairCredentials({ upstreams }: Config, json: Resolved): Problem[] {
  return [...upstreams].flatMap(([name, { credentials }]) => {
    if (credentials === undefined) return [];
    const places = Object.keys(credentials.password ?? {}).map((place) => `password.${place}`);
    if (credentials.username !== undefined && places.length === 1) return [];
    const built = decode(json.resolved) as Config;
    setAt(upstreams, [name, 'credentials'], built.upstreams.get(name)?.credentials);
    const found = [...(credentials.username === undefined ? [] : ['a username']), ...places];
    return [
      {
        path: `upstreams.${name}.credentials`,
        found: found.length === 0 ? 'nothing' : found.join(' and '),
        expected: 'a username, and one of password.env, .file and .secret',
      },
    ];
  });
}

function unknownVariable(path: string): Problem {
  const expected = 'one of a scalar that was deployed: upstreams and lists are in the file only';
  return { path, found: 'an unknown variable', expected };
}

/** Sets a value in a decoded configuration, and the objects above it where there are none. */
function setAt(target: unknown, [key = '', ...rest]: readonly string[], value: unknown): void {
  if (target instanceof Map) {
    setAt(target.get(key), rest, value);
  } else if (typeof target === 'object' && target !== null) {
    const below: unknown = rest.length === 0 ? value : (Reflect.get(target, key) ?? {});
    Reflect.set(target, key, below);
    if (rest.length > 0) setAt(below, rest, value);
  }
}

/** Writes a value as JSON: what JSON does not have becomes an object whose one key begins with `$`. */
export function encode(value: unknown): unknown {
  if (value instanceof URL) return { $url: value.href };
  if (value instanceof RegExp) return { $pattern: value.source };
  if (value instanceof Map) return { $map: [...value].map(([key, one]) => [key, encode(one)]) };
  if (value === Number.POSITIVE_INFINITY) return { $unlimited: true };
  if (Array.isArray(value)) return value.map(encode);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, encode(one)]));
}

/** What was written by `encode`. */
function decode(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(decode);
  if (typeof json !== 'object' || json === null) return json;
  if ('$url' in json) return new URL(String(json.$url));
  if ('$pattern' in json) return new RegExp(String(json.$pattern));
  if ('$unlimited' in json) return Number.POSITIVE_INFINITY;
  if ('$map' in json && Array.isArray(json.$map)) {
    return new Map(json.$map.map(([key, one]: [string, unknown]) => [key, decode(one)]));
  }
  return Object.fromEntries(Object.entries(json).map(([key, one]) => [key, decode(one)]));
}
