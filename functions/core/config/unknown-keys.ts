import { anyEntry, anyName, keys, keysAt } from './keys.ts';
import { registryPattern } from './known-registries.ts';
import { mismatch, type Path, pathText } from './problems.ts';
import { suggestion } from './suggestion.ts';

/** The message about a key that the object at a path does not have. */
export function unknownKey(path: Path, key: string): string {
  const known = keysAt(path);
  const meant = suggestion(key, known);
  const hint =
    meant === undefined
      ? (placeOf(path, key) ?? `the keys are ${known.join(', ')}`)
      : `did you mean "${meant}"?`;
  return `unknown key ${JSON.stringify(key)}; ${hint}`;
}

/** The message about a key of `upstreams` that is no registry's name. */
export function wrongRegistry(key: string, expected: string): string {
  const place = placeOf(['upstreams'], key);
  if (place !== undefined) return `not a registry; ${place}`;
  const meant = meantRegistry(key);
  const question = meant === undefined ? '' : `; did you mean "${meant}"?`;
  return `${mismatch([], key, expected)}${question}`;
}

/** The registry that a URL, a JSON list or a name with capitals means; undefined if it is not clear. */
function meantRegistry(name: string): string | undefined {
  const host = name
    .toLowerCase()
    .replace(/[[\]"']/g, '')
    .replace(/^https?:\/\//, '');
  const bare = host.replace(/(?:\/v2)?\/*$/, '');
  const isHost = /[.:]/.test(bare) && registryPattern.test(bare);
  return isHost && bare !== name ? bare : undefined;
}

/** Where a key belongs that is at the wrong level. */
function placeOf(path: Path, key: string): string | undefined {
  const isName = /[.:]/.test(key) && registryPattern.test(key);
  if (path.length === 0 && isName) return `a registry belongs in "upstreams"`;
  const lower = key.toLowerCase();
  // An account of a list has the keys of `credentials`.
  const outside = keys.filter((one) => !one.path.includes(anyEntry));
  const places = outside.flatMap((one) => {
    const depth = one.path.findIndex((part) => part.toLowerCase() === lower);
    return depth === -1 ? [] : [placeText(one.path.slice(0, depth + 1), path)];
  });
  const [place, ...others] = new Set(places);
  return place === undefined || others.length > 1
    ? undefined
    : `it belongs ${[place, ...others].join(' or ')}`;
}

function placeText(home: readonly string[], path: Path): string {
  if (home.length === 1) return 'at the top level of the file';
  const name = path[0] === 'upstreams' && path.length > 1 ? String(path[1]) : 'docker.io';
  return `at ${pathText(home.map((part) => (part === anyName ? name : part)))}`;
}
