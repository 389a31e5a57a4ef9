/** A mistake in the configuration. No part of it shows a secret. */
export interface Problem {
  /** The place in the file, `upstreams.docker.io.tagTtl`, or the name of a variable or an option. */
  readonly path: string;
  readonly found: string;
  readonly expected: string;
}

/** A problem as people read it, in one line. */
export function problemText(problem: Problem): string {
  return `${problem.path}: found ${problem.found}, expected ${problem.expected}`;
}

/** Where a value is in the file: keys, and numbers within lists. */
export type Path = readonly PropertyKey[];

/** Writes a path as people do: `upstreams.docker.io.immutableTags[0]`. */
export function pathText(path: Path): string {
  const text = path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('');
  return text === '' ? 'the configuration' : text.replace(/^\./, '');
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

const shownLength = 60;

/** Says what was found in few words, and nothing of what may be a secret. */
export function foundText(path: Path, value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return `${value}`;
  if (Array.isArray(value)) return 'a list';
  if (typeof value !== 'string') return 'an object';
  if (path.includes('credentials') || path.includes('password')) return 'a text (not shown)';
  if (value.includes('@')) return 'a text with @ (not shown)';
  const shown = value.length > shownLength ? `${value.slice(0, shownLength)}…` : value;
  return JSON.stringify(shown);
}
