import * as z from 'zod/mini';
import { durationPattern, isWait, parseDuration, parseSize, sizePattern } from './units.ts';

// In the definition, a message says what is expected: `problems.ts` adds what was found. The message
// of an unknown key is the list of the known ones.

/** What separates the known keys in the message of an unknown one. */
export const keySeparator = ', ';

/** An object with these keys and no other. */
export function object<Shape extends z.core.$ZodShape>(shape: Shape, expected: string) {
  const keys = Object.keys(shape).join(keySeparator);
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? keys : expected),
  });
}

/** A text of a form; not an empty one unless said. */
export function text(expected: string, pattern = /\S/) {
  return z.string(expected).check(z.regex(pattern, expected));
}

/** A value with its line in the JSON Schema. */
export function described<Schema extends z.ZodMiniType>(
  schema: Schema,
  description: string,
): Schema {
  return schema.check(z.describe(description)) as Schema;
}

/** A duration in ms, `standard` when absent. */
export function duration(standard: string, description: string) {
  const expected = 'a duration, a whole number with ms, s, m, h or d: "5m"';
  const schema = z.pipe(text(expected, durationPattern), z.transform(parseDuration));
  return described(z.prefault(schema, standard), description);
}

/** A duration in ms that something waits for, `standard` when absent. */
export function wait(standard: string, description: string) {
  const expected = 'a duration from 1ms to 24d, a whole number with ms, s, m, h or d: "10s"';
  const given = text(expected, durationPattern).check(
    z.refine((one) => isWait(parseDuration(one)), expected),
  );
  return described(z.prefault(z.pipe(given, z.transform(parseDuration)), standard), description);
}

const expectedSize = 'a size, a number of bytes or a text with a unit: "50GB", "1.5GiB"';

/** A size in bytes. */
export const size = z.union(
  [
    z.pipe(text(expectedSize, sizePattern), z.transform(parseSize)),
    z.int(expectedSize).check(z.nonnegative(expectedSize)),
  ],
  expectedSize,
);

/** A size in bytes that is not 0. */
export const positiveSize = size.check(z.refine((bytes) => bytes > 0, `${expectedSize}, not 0`));

const expectedUrl =
  'a URL with http:// or https:// and without user, query or fragment: "https://registry.example"';

function isServerUrl(given: string): boolean {
  if (!/^https?:\/\//.test(given) || !URL.canParse(given)) return false;
  const { username, password, search, hash } = new URL(given);
  return username + password + search + hash === '';
}

/** A URL of a server, as written in the file. */
export const serverUrl = z.pipe(
  z.string(expectedUrl).check(z.refine(isServerUrl, expectedUrl)),
  z.transform((given) => new URL(given)),
);
