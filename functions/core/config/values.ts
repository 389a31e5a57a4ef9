import * as z from 'zod';
import { oneOf, readScalar, type Scalar, type ScalarValue } from './scalar.ts';
import {
  durationPattern,
  type ListenAddress,
  listenPattern,
  longestWait,
  percentPattern,
  sizePattern,
} from './units.ts';

// In the definition a schema's message says what is expected; `parse-config.ts` adds what it got.

const scalars = z.registry<Scalar>();

/** How the value of a schema is read from a variable; undefined if no variable can set it. */
export function scalarOf(schema: z.core.$ZodType): Scalar | undefined {
  return scalars.get(schema);
}

/** A scalar; `written` is the form that it has in the file and in the JSON Schema. */
function scalar<Value extends ScalarValue>(read: Scalar, written: z.ZodType) {
  const schema = written.transform((given, context) => {
    // A size in the file may be a number of bytes; a text has its unit.
    const isBytes = read.kind === 'size' && typeof given === 'number';
    const value = readScalar(read, `${given}${isBytes ? 'B' : ''}`);
    if (value === undefined) context.addIssue(read.expected);
    return value as Value;
  });
  scalars.add(schema, read);
  return schema;
}

/** An object with these keys and no other. */
export function object<Shape extends z.core.$ZodShape>(shape: Shape, expected: string) {
  return z.strictObject(shape, expected);
}

/** A string that matches a pattern; by default one that is not blank. */
export function text(expected: string, pattern = /\S/) {
  const written = z.string(expected).regex(pattern, expected);
  return scalar<string>({ kind: 'text', pattern: pattern.source, expected }, written);
}

/** The path of a file or a folder, which in a configuration file is relative to that file. */
export function path(expected: string) {
  const pattern = /\S/;
  const written = z.string(expected).regex(pattern, expected);
  return scalar<string>({ kind: 'text', pattern: pattern.source, isPath: true, expected }, written);
}

/** One of some words. */
export function word<const Words extends readonly string[]>(...words: Words) {
  const read = oneOf(words);
  return scalar<Words[number]>(read, z.enum(words, read.expected));
}

/** A list or an object that a variable can set as well. */
export function setBy<Schema extends z.ZodType>(read: Scalar, schema: Schema): Schema {
  scalars.add(schema, read);
  return schema;
}

/** A list of names, which a variable can set as well. */
export function names(expected: string, name: ReturnType<typeof text>) {
  return setBy({ kind: 'names', expected }, z.array(name, expected));
}

const expectedFlag = 'true or false';

/** A boolean; a variable spells it out. */
export const flag = scalar<boolean>(
  { kind: 'flag', expected: expectedFlag },
  z.union([z.boolean(), z.enum(['true', 'false'])], expectedFlag),
);

/** A number of things. */
export function count(least: number, example: number) {
  const expected = `a whole number from ${least}, such as ${example}`;
  const written = z.union(
    [z.string(expected).regex(/^\d{1,9}$/, expected), z.int(expected).min(least, expected)],
    expected,
  );
  return scalar<number>({ kind: 'count', least, expected }, written);
}

/** A duration within bounds, all in ms. */
export function durationBetween(least: number, most: number, expected: string) {
  const written = z.string(expected).regex(durationPattern, expected);
  return scalar<number>({ kind: 'duration', least, most, expected }, written);
}

/** A duration in ms. */
export const duration = durationBetween(
  0,
  Number.MAX_SAFE_INTEGER,
  'a duration such as "5m" (a whole number with ms, s, m, h or d)',
);

/** A duration in ms that a timer can wait for. */
export const wait = durationBetween(
  1,
  longestWait,
  'a duration from 1ms to 24d, such as "10s" (a whole number with ms, s, m, h or d)',
);

function sizeFrom(least: number, expected: string) {
  const written = z.union(
    [z.string(expected).regex(sizePattern, expected), z.int(expected).min(least, expected)],
    expected,
  );
  return scalar<number>({ kind: 'size', least, expected }, written);
}

const sizeForm = 'with a unit (B, KB, MB, GB, TB, KiB, MiB, GiB or TiB) such as "50GB"';

/** A size in bytes. */
export const size = sizeFrom(0, `a size ${sizeForm}`);

/** A size in bytes that is not 0. */
export const positiveSize = sizeFrom(1, `a size above 0 ${sizeForm}`);

const expectedPercent = 'a percentage from 0% to 100%, such as "20%"';

/** A share from 0 to 1, written as a percentage. */
export const percent = scalar<number>(
  { kind: 'percent', expected: expectedPercent },
  z.string(expectedPercent).regex(percentPattern, expectedPercent),
);

function url(kind: 'server-url' | 'registry-url', expected: string) {
  return scalar<URL>({ kind, expected }, z.string(expected));
}

const form = (host: string) => `such as "https://${host}", without user, query and fragment`;

/** The URL of a server. */
export const serverUrl = url('server-url', `an http or https URL ${form('host.example')}`);

/** The URL of a registry. `/v2/` is appended unless its repositories begin with a path after it. */
export const registryUrl = url(
  'registry-url',
  `an http or https URL without /v2/ at its end, ${form('registry.example')}`,
);

const expectedListen =
  'HOST:PORT such as "127.0.0.1:5000" or "[::]:5000", a port, or "unix:/PATH" (at most 103 bytes)';

/** An address to listen on. */
export const listenAddress = scalar<ListenAddress>(
  { kind: 'listen', expected: expectedListen },
  z.union(
    [z.string(expectedListen).regex(listenPattern, expectedListen), z.int().min(0).max(65_535)],
    expectedListen,
  ),
);
