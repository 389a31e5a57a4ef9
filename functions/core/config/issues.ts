import type * as z from 'zod/mini';
import { foundText, type Path, type Problem, pathText, valueAt } from './problems.ts';
import { suggestion } from './suggestion.ts';
import { keySeparator } from './values.ts';

/** Turns what the definition objects to in `input` into problems; `place` names a path. */
export function problemsOf(
  issues: readonly z.core.$ZodIssue[],
  input: unknown,
  place: (path: Path) => string,
): Problem[] {
  const seen = new Set<string>();
  return issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => unknownKey(place([...issue.path, key]), key, issue.message));
    }
    // A value that has no form has no bounds either: the first objection says all.
    const at = pathText(issue.path);
    if (seen.has(at)) return [];
    seen.add(at);
    if (issue.code === 'invalid_key') {
      const [reason = issue] = issue.issues;
      const found = JSON.stringify(String(issue.path.at(-1)));
      return [{ path: place(issue.path), found, expected: reason.message }];
    }
    const found = foundText(issue.path, valueAt(input, issue.path));
    return [{ path: place(issue.path), found, expected: issue.message }];
  });
}

function unknownKey(path: string, key: string, known: string): Problem {
  const keys = known.split(keySeparator);
  const meant = suggestion(key, keys);
  const expected = meant === undefined ? `one of ${known}` : `"${meant}", if that was meant`;
  return { path, found: 'an unknown key', expected };
}
