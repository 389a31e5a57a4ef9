import { type Environment, variableOf } from '../../core/config/environment.ts';
import { isRegistryUrl } from '../../core/config/known-registries.ts';
import {
  durationPattern,
  isWait,
  parseDuration,
  parseSize,
  sizePattern,
} from '../../core/config/units.ts';

/** Reads a value of the file or of a variable; throws NotPlain unless it is of the usual form. */
export type Read<Value> = (value: unknown) => Value;

/** A text of a form. */
export function matching(pattern: RegExp): Read<string> {
  return (value) => {
    if (typeof value !== 'string' || !pattern.test(value)) throw new NotPlain();
    return value;
  };
}

/** A text that is not blank. */
export const text = matching(/\S/);

/** One of some words. */
export function oneOf<const Word extends string>(words: readonly Word[]): Read<Word> {
  return (value) => {
    const word = words.find((one) => one === value);
    if (word === undefined) throw new NotPlain();
    return word;
  };
}

const durationText = matching(durationPattern);

/** A duration in ms: `5m`. */
export const duration: Read<number> = (value) => parseDuration(durationText(value));

/** A duration in ms that something waits for. */
export const wait: Read<number> = (value) => {
  const milliseconds = duration(value);
  if (!isWait(milliseconds)) throw new NotPlain();
  return milliseconds;
};

const sizeText = matching(sizePattern);

/** A size in bytes: `50GB`, or a number. */
export const size: Read<number> = (value) =>
  Number.isSafeInteger(value) && typeof value === 'number' && value >= 0
    ? value
    : parseSize(sizeText(value));

/** A size in bytes that is not 0. */
export const positiveSize: Read<number> = (value) => {
  const bytes = size(value);
  if (bytes === 0) throw new NotPlain();
  return bytes;
};

/** True or false, also as a variable says it. */
export const flag: Read<boolean> = (value) => {
  if (typeof value === 'boolean') return value;
  return oneOf(['true', 'false'])(value) === 'true';
};

const webUrl = matching(/^https?:\/\//);

/** The URL of a server, without user, query and fragment. */
export const serverUrl: Read<URL> = (value) => {
  const given = webUrl(value);
  if (!URL.canParse(given)) throw new NotPlain();
  const url = new URL(given);
  if (url.username + url.password + url.search + url.hash !== '') throw new NotPlain();
  return url;
};

/** The URL of a registry, without the `/v2/` at its end. */
export const registryUrl: Read<URL> = (value) => {
  const url = serverUrl(value);
  if (!isRegistryUrl(url)) throw new NotPlain();
  return url;
};

/** A list of such values; the file's only, as a variable holds no list. */
export function listOf<Value>(read: Read<Value>): Read<readonly Value[]> {
  return (value) => {
    if (!Array.isArray(value)) throw new NotPlain();
    return value.map(read);
  };
}

/** A text that something is made of; what cannot be made is not plain. */
export function made<Value>(make: (given: string) => Value): Read<Value> {
  return (value) => {
    const given = text(value);
    try {
      return make(given);
    } catch {
      throw new NotPlain();
    }
  };
}

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

/** A configuration that only the checker can judge: it has a mistake, or something unusual. */
export class NotPlain extends Error {}
