import { isRegistryUrl } from '../../core/config/known-registries.ts';
import { parseSize, sizePattern } from '../../core/config/sizes.ts';
import { durationPattern, isWait, parseDuration } from '../../core/config/units.ts';
import { NotPlain } from './not-plain.ts';

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
