import type { Override } from './environment.ts';
import { type Path, pathText, valueAt } from './problems.ts';

type JsonObject = Record<string, unknown>;

/** A file's JSON with values from elsewhere laid over it, and where each of them came from. */
export class Overlay {
  /** The file's own value is never changed. */
  readonly json: unknown;
  readonly #origins = new Map<string, string>();

  constructor(json: unknown) {
    this.json = structuredClone(json);
  }

  /** Lays values over, later ones over earlier ones. `{}` only makes sure that there is something. */
  apply(overrides: readonly Override[]): void {
    for (const override of overrides) this.#set(override);
  }

  /** How a path is named to people: by its variable or option, where its value came from one. */
  place(path: Path): string {
    return this.#origins.get(pathText(path)) ?? pathText(path);
  }

  /** The keys of the object at a path; none when there is no object. */
  keys(path: Path): string[] {
    const value = valueAt(this.json, path);
    return isObject(value) ? Object.keys(value) : [];
  }

  #set({ from, path, value }: Override): void {
    let current = this.json;
    for (const [depth, part] of path.entries()) {
      // A list or a text where an object belongs is reported by the definition.
      if (!isObject(current)) return;
      const last = depth === path.length - 1;
      const present = Object.hasOwn(current, part);
      if (!present || (last && !isObject(value))) {
        this.#origins.set(pathText(path.slice(0, depth + 1)), from);
        define(current, part, last ? value : {});
      }
      current = Reflect.get(current, part);
    }
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Assigning would take `__proto__` for the prototype. */
function define(target: JsonObject, key: PropertyKey, value: unknown): void {
  const copy = isObject(value) ? { ...value } : value;
  Object.defineProperty(target, key, {
    value: copy,
    configurable: true,
    enumerable: true,
    writable: true,
  });
}
