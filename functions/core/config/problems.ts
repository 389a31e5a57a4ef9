/** A mistake in the configuration. No part of it shows a secret. */
export interface Problem {
  /** A path in the file, `upstreams.docker.io.tagTtl`, or a variable or an option. Empty: the file. */
  readonly path: string;
  readonly message: string;
}

/** A problem in one line. */
export function problemText({ path, message }: Problem): string {
  return path === '' ? message : `${path}: ${message}`;
}

/** Where a value is in the file: keys, and numbers within lists. */
export type Path = readonly PropertyKey[];

/** A mistake in a value of the configuration, wherever the value comes from. */
export interface Mistake {
  readonly path: Path;
  /** The path to show if it is another one. */
  readonly shown?: Path;
  readonly message: string;
}

/** A path as text: `upstreams.docker.io.immutableTags[0]`. */
export function pathText(path: Path): string {
  const text = path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('');
  return text.replace(/^\./, '');
}

/** The value at a path; undefined when the path leads nowhere. */
export function valueAt(value: unknown, path: Path): unknown {
  let current = value;
  for (const part of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, part)) {
      return undefined;
    }
    current = Reflect.get(current, part);
  }
  return current;
}

/** Says what was expected at a path and what is there. */
export function mismatch(path: Path, value: unknown, expected: string): string {
  if (value === undefined) return `missing; expected ${expected}`;
  const meant = meantValue(path, value);
  const question = meant === undefined ? '' : `; did you mean "${meant}"?`;
  return `expected ${expected}, got ${shownValue(path, value)}${question}`;
}

/** The URL that `ghcr.io` means, and the size that `20 GB`, `100G` or `32m` does. */
function meantValue(path: Path, value: unknown): string | undefined {
  const key = String(path.at(-1));
  if (typeof value !== 'string') return undefined;
  if (key === 'url') return /^[\w-]+(?:[.:][\w-]+)+$/.test(value) ? `https://${value}` : undefined;
  if (!key.endsWith('Bytes')) return undefined;
  const [, count, prefix = '', binary = ''] =
    /^(\d+(?:\.\d+)?) *([kmgt])(i?)(?:b|bytes)?$/i.exec(value) ?? [];
  return count && `${count}${prefix.toUpperCase()}${binary.toLowerCase()}B`;
}

const shownLength = 60;

/** A value in a message: shortened, and hidden if it may be a secret. */
export function shownValue(path: Path, value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  if (typeof value !== 'string') return String(value);
  if (path.includes('credentials') || path.includes('password')) return 'a string (not shown)';
  if (value.includes('@')) return 'a string with @ (not shown)';
  const shown = value.length > shownLength ? `${value.slice(0, shownLength)}…` : value;
  return JSON.stringify(shown);
}

/** True for text that is surely a variable's name: people also write the password in its place. */
export function isVariableName(text: string): boolean {
  return /^[A-Z][A-Z0-9_]{0,63}$/.test(text);
}

/** The message about a variable that should hold a password. */
export function unsetVariable(name: string): string {
  if (isVariableName(name)) return `environment variable ${name} is not set`;
  return 'environment variable with this name (not shown: it may be the password) is not set';
}
