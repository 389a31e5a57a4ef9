import * as z from 'zod/mini';
import { readScalar, type Scalar } from './scalar.ts';
import {
  durationPattern,
  type ListenAddress,
  listenPattern,
  longestWait,
  parseDuration,
  parseListenAddress,
  parseSize,
  sizePattern,
} from './units.ts';

// In the definition, a message says what is expected: `issues.ts` adds what was found. The message
// of an unknown key is the list of the known ones.

/** How the scalars of the definition are read where the checker is not. */
const scalars = z.registry<Scalar>();

/** The scalar that a schema stands for; undefined for objects and lists. */
export function scalarOf(schema: z.core.$ZodType): Scalar | undefined {
  return scalars.get(schema);
}

/** A schema that stands for a scalar. */
export function scalar<Schema extends z.ZodMiniType>(schema: Schema, read: Scalar): Schema {
  scalars.add(schema, read);
  return schema;
}

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
  const schema = z.string(expected).check(z.regex(pattern, expected));
  return scalar(schema, { kind: 'text', pattern: pattern.source, expected });
}

/** One of some words, the first of them as `expected` shows them. */
export function word<const Words extends readonly string[]>(words: Words, expected: string) {
  return scalar(z.enum(words, expected), { kind: 'word', words, expected });
}

const expectedFlag = 'true or false';

/** True or false; in a variable that is a text. */
export const flag = scalar(
  z.union(
    [
      z.boolean(expectedFlag),
      z.pipe(
        z.enum(['true', 'false'], expectedFlag),
        z.transform((given) => given === 'true'),
      ),
    ],
    expectedFlag,
  ),
  { kind: 'flag', expected: expectedFlag },
);

/** A value with its line in the JSON Schema and in the reference. */
export function described<Schema extends z.ZodMiniType>(
  schema: Schema,
  description: string,
): Schema {
  return schema.check(z.describe(description)) as Schema;
}

/** A duration in ms between two bounds. */
export function durationBetween(least: number, most: number, expected: string) {
  const read: Scalar = { kind: 'duration', least, most, expected };
  const given = z.string(expected).check(
    z.regex(durationPattern, expected),
    z.refine((one) => readScalar(read, one) !== undefined, expected),
  );
  return scalar(z.pipe(given, z.transform(parseDuration)), read);
}

/** A duration in ms, `standard` when absent. */
export function duration(standard: string, description: string) {
  const expected = 'a duration, a whole number with ms, s, m, h or d: "5m"';
  const schema = durationBetween(0, Number.MAX_SAFE_INTEGER, expected);
  return described(z.prefault(schema, standard), description);
}

/** A duration in ms that something waits for, `standard` when absent. */
export function wait(standard: string, description: string) {
  const expected = 'a duration from 1ms to 24d, a whole number with ms, s, m, h or d: "10s"';
  return described(z.prefault(durationBetween(1, longestWait, expected), standard), description);
}

const expectedSize = 'a size, a number of bytes or a text with a unit: "50GB", "1.5GiB"';

function sizeFrom(least: number, expected: string) {
  const schema = z.union(
    [
      z.pipe(text(expected, sizePattern), z.transform(parseSize)),
      z.int(expected).check(z.nonnegative(expected)),
    ],
    expected,
  );
  const bounded = least === 0 ? schema : schema.check(z.refine((n) => n >= least, expected));
  return scalar(bounded, { kind: 'size', least, expected });
}

/** A size in bytes. */
export const size = sizeFrom(0, expectedSize);

/** A size in bytes that is not 0. */
export const positiveSize = sizeFrom(1, `${expectedSize}, not 0`);

function url(read: Scalar & { readonly kind: 'server-url' | 'registry-url' }) {
  const { expected } = read;
  const isUrl = (given: string) => readScalar(read, given) !== undefined;
  const schema = z.pipe(
    z.string(expected).check(z.refine(isUrl, expected)),
    z.transform((given) => new URL(given)),
  );
  return scalar(schema, read);
}

const ofServer = 'with http:// or https:// and without user, query or fragment';

/** A URL of a server, as written in the file. */
export const serverUrl = url({
  kind: 'server-url',
  expected: `a URL ${ofServer}: "https://registry.example"`,
});

/** A URL of a registry: its `/v2/` is asked for below it. */
export const registryUrl = url({
  kind: 'registry-url',
  expected: `a URL without the /v2/ at its end, ${ofServer}: "https://registry.example"`,
});

const expectedListen = 'HOST:PORT: "127.0.0.1:5000", "[::]:5000"';

/** An address to listen on. */
export const listenAddress = scalar(
  z.pipe(
    z.string(expectedListen).check(z.regex(listenPattern, expectedListen)),
    z.transform((given, context): ListenAddress => {
      const address = parseListenAddress(given);
      if (address !== undefined) return address;
      context.issues.push({ code: 'custom', message: expectedListen, input: given });
      return z.NEVER;
    }),
  ),
  { kind: 'listen', expected: expectedListen },
);
