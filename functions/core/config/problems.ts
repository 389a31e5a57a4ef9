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
  return `expected ${expected}, got ${shownValue(path, value)}`;
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

/** The message about a variable that should hold a password. */
export function unsetVariable(name: string): string {
  // Someone may have written the password itself where its variable's name belongs.
  const shown = /^[A-Z][A-Z0-9_]{0,63}$/.test(name) ? name : 'with this name';
  return `environment variable ${shown} is not set`;
}
