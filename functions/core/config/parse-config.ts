import * as z from 'zod/mini';
import { crossChecks, passwordVariables } from './cross-checks.ts';
import { definition } from './definition.ts';
import {
  type Environment,
  environmentOverrides,
  listedUpstreams,
  type Override,
  unknownVariables,
} from './environment.ts';
import { knownRegistryUrl } from './known-registries.ts';
import { Overlay } from './overlay.ts';
import { foundText, type Path, type Problem, pathText, valueAt } from './problems.ts';
import { type Config, resolveConfig } from './resolve.ts';
import { suggestion } from './suggestion.ts';
import { keySeparator } from './values.ts';

/** A configuration, or all that is wrong with it. */
export type ParsedConfig = { readonly ok: Config } | { readonly problems: readonly Problem[] };

/**
 * Reads a configuration file's JSON; an empty object is a complete one. Variables go before the
 * file (`environment.ts` has their names), and `options`, of a command line, before both.
 */
export function parseConfig(
  json: unknown,
  environment: Environment,
  options: readonly Override[] = [],
): ParsedConfig {
  const overlay = new Overlay(json);
  overlay.apply([...listedUpstreams(environment), ...environmentOverrides(environment, [])]);
  overlay.apply(options);
  const defaultUpstream = valueAt(overlay.json, ['defaultUpstream']) ?? 'docker.io';
  if (typeof defaultUpstream === 'string' && knownRegistryUrl(defaultUpstream) !== undefined) {
    overlay.apply([{ from: 'defaultUpstream', path: ['upstreams', defaultUpstream], value: {} }]);
  }
  // Only now is it known for which upstreams there may be variables.
  const names = overlay.keys(['upstreams']);
  overlay.apply([...environmentOverrides(environment, names), ...options]);

  const parsed = definition.safeParse(overlay.json);
  const issues = parsed.success ? [] : parsed.error.issues;
  const passwords = passwordVariables(overlay).map(({ variable }) => variable);
  const problems = [
    ...problemsOf(issues, overlay.json, (path) => overlay.place(path)),
    ...crossChecks(overlay, defaultUpstream, environment),
    ...unknownVariables(environment, names, passwords),
  ];
  return parsed.success && problems.length === 0
    ? { ok: resolveConfig(parsed.data) }
    : { problems };
}

/** The JSON Schema (2020-12) of the configuration file, for editors. */
export function configJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(definition, { io: 'input' });
  return { $schema, title: 'Pullfront', description: 'The configuration of Pullfront.', ...schema };
}

/** Turns what the definition objects to in `input` into problems; `place` names a path. */
function problemsOf(
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
