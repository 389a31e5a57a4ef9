import * as z from 'zod';
import { RepositoryPattern } from '../oci/repository.ts';
import { text } from './values.ts';

/** A list of patterns, which `compile` compiles. */
export function patterns<Pattern>(expected: string, compile: (pattern: string) => Pattern) {
  const pattern = text(expected).transform((one, context) => {
    try {
      return compile(one);
    } catch {
      context.addIssue(expected);
      return z.NEVER;
    }
  });
  return z.array(pattern, `a list; each entry is ${expected}`).prefault([]);
}

/** Patterns of repository names. */
export const globs = patterns(
  'a pattern of repository names such as "library/**"',
  (glob) => new RepositoryPattern(glob),
);
