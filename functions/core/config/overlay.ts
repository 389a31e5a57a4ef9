import type { Override } from './environment.ts';
import { type Path, pathText, valueAt } from './problems.ts';

type JsonObject = Record<PropertyKey, unknown>;

/** A copy of a file's JSON with overrides applied, which remembers where each value came from. */
export class Overlay {
  readonly json: unknown;
  readonly #origins = new Map<string, string>();

  constructor(json: unknown) {
    this.json = structuredClone(json);
  }

  /** Sets values; a later one wins. `{}` only makes sure that there is an object. */
  apply(overrides: readonly Override[]): void {
    for (const override of overrides) this.#set(override);
  }

  /** Names a path for an error message: by the variable or option that set it, if one did. */
  place(path: Path): string {
    // A variable sets a list as a whole.
    const list =
      typeof path.at(-1) === 'number' ? this.#origins.get(pathText(path.slice(0, -1))) : undefined;
    return this.#origins.get(pathText(path)) ?? list ?? pathText(path);
  }

  /** The keys of the object at a path; none if there is no object. */
  keys(path: Path): string[] {
    const value = valueAt(this.json, path);
    return isObject(value) ? Object.keys(value) : [];
  }

  #set({ from, path, value }: Override): void {
    let current = this.json;
    for (const [depth, key] of path.entries()) {
      // The definition reports a list or a string where an object belongs.
      if (!isObject(current)) return;
      const isLast = depth === path.length - 1;
      if (!Object.hasOwn(current, key) || (isLast && !isObject(value))) {
        this.#origins.set(pathText(path.slice(0, depth + 1)), from);
        const set = isLast ? structuredClone(value) : {};
        // Assigning to `__proto__` would set the prototype.
        const attributes = { configurable: true, enumerable: true, writable: true };
        Object.defineProperty(current, key, { ...attributes, value: set });
      }
      current = current[key];
    }
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
