import type { Key } from 'lmdb';
import type { Repository } from '../../core/oci/repository.ts';

/** Sorts behind every name, tag and digest: they are ASCII below it. */
const afterAll = '~';

/** The keys that begin with `prefix` and have one more element at least. */
export function under<const Prefix extends readonly Key[]>(
  ...prefix: Prefix
): { start: [...Prefix, string]; end: [...Prefix, string] } {
  // The element separator sorts before every character of a name, so `[a]` takes in nothing of
  // `[a-b]` or `[a/b]`.
  return { start: [...prefix, ''], end: [...prefix, afterAll] };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these cannot stand in a key
const unfitForKey = /[\u0000-\u001f]/g;

/**
 * Where a listing goes on after `last`. That is text from a client, of any length and with any
 * character; it is cut to what fits a key, which does not change its place among names that are
 * shorter than `longest` characters and have none below a space.
 */
export function cursor(last: string, longest: number): string {
  return last.slice(0, longest).replace(unfitForKey, ' ');
}

/** The end of the range of a registry's repositories: `0` is the character after `/`. */
export function registryRange(registry: string): { start: string; end: string } {
  return { start: `${registry}/`, end: `${registry}0` };
}

/** Reads a key of `repositoryKey` again: a registry has no slash. */
export function repositoryOf(key: string): Repository {
  const slash = key.indexOf('/');
  return { registry: key.slice(0, slash), name: key.slice(slash + 1) };
}
