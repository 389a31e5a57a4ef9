import { type Environment, variableOf } from '../../core/config/environment.ts';
import { NotPlain } from './not-plain.ts';
import type { Read } from './plain-values.ts';

/** Variables that say nothing of a value: where the file is, and the store, which is the function's. */
const aside = ['PULLFRONT_CONFIG', 'PULLFRONT_STORE'];

/** A file's values with the variables over them, which must all be read in the end. */
export class Given {
  readonly #json: unknown;
  readonly #environment: Environment;
  readonly #unread: Set<string>;

  constructor(json: unknown, environment: Environment) {
    this.#json = json;
    this.#environment = environment;
    this.#unread = new Set(
      Object.keys(environment).filter(
        (name) => name.startsWith('PULLFRONT_') && environment[name] && !aside.includes(name),
      ),
    );
  }

  /** The variable of a path, or the file's value; undefined when there is neither. Asked once. */
  optional<Value>(path: readonly string[], read: Read<Value>): Value | undefined {
    // Most paths have no variable, and to make up its name is most of the work.
    const name = this.#unread.size === 0 ? '' : variableOf(path);
    if (this.#unread.delete(name)) return read(this.#environment[name]);
    let value = this.#json;
    for (const part of path) value = memberOf(value, part);
    return value === undefined ? undefined : read(value);
  }

  /** The same, which must be there. */
  required<Value>(path: readonly string[], read: Read<Value>): Value {
    const value = this.optional(path, read);
    if (value === undefined) throw new NotPlain();
    return value;
  }

  /** The keys of the file's object at a path; none where there is none. */
  keys(path: readonly string[]): string[] {
    let value = this.#json;
    for (const part of path) value = memberOf(value, part);
    return value === undefined ? [] : Object.keys(recordOf(value));
  }

  /** Throws NotPlain if the file's object at a path has other keys than these. */
  only(path: readonly string[], keys: readonly string[]): void {
    if (this.keys(path).some((key) => !keys.includes(key))) throw new NotPlain();
  }

  /** A variable of another name, for what the configuration only names. */
  variable(name: string): string | undefined {
    this.#unread.delete(name);
    return this.#environment[name] || undefined;
  }

  /** Throws NotPlain if there is a variable that nobody read. */
  end(): void {
    if (this.#unread.size > 0) throw new NotPlain();
  }
}

function memberOf(value: unknown, key: string): unknown {
  if (value === undefined) return undefined;
  const record = recordOf(value);
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject || Object.hasOwn(value, '__proto__')) throw new NotPlain();
  return { ...value };
}
