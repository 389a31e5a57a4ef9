import * as z from 'zod';
import { crossChecks, passwordVariables } from './cross-checks.ts';
import { definition } from './definition.ts';
import {
  type Environment,
  environmentOverrides,
  listedUpstreams,
  type Override,
  unknownVariables,
} from './environment.ts';
import { keysAt } from './keys.ts';
import { wellKnownRegistries } from './known-registries.ts';
import { Overlay } from './overlay.ts';
import { mismatch, type Problem, pathText, valueAt } from './problems.ts';
import { type Config, resolveConfig } from './resolve.ts';
import { suggestion } from './suggestion.ts';

/** A configuration, or all that is wrong with it. */
export type ParsedConfig = { readonly ok: Config } | { readonly problems: readonly Problem[] };

/**
 * Parses the JSON of a configuration file; `{}` is a complete one. Variables override the file
 * (`environment.ts` has their names), and the options of a command line override both.
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
  if (typeof defaultUpstream === 'string' && wellKnownRegistries.has(defaultUpstream)) {
    overlay.apply([{ from: 'defaultUpstream', path: ['upstreams', defaultUpstream], value: {} }]);
  }
  // Each upstream has variables of its own, and only now are all upstreams known.
  const upstreams = overlay.keys(['upstreams']);
  overlay.apply([...environmentOverrides(environment, upstreams), ...options]);

  const parsed = definition.safeParse(overlay.json);
  const passwords = passwordVariables(overlay).map(({ variable }) => variable);
  const problems = [
    ...definitionProblems(parsed.error?.issues ?? [], overlay),
    ...crossChecks(overlay, defaultUpstream, environment),
    ...unknownVariables(environment, upstreams, passwords),
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

/** The messages of the definition say what is expected; this adds what it got. */
function definitionProblems(issues: readonly z.core.$ZodIssue[], overlay: Overlay): Problem[] {
  const seen = new Set<string>();
  return issues.flatMap((issue): Problem[] => {
    const path = overlay.place(issue.path);
    if (issue.code === 'unrecognized_keys') {
      const known = keysAt(issue.path);
      return issue.keys.map((key) => ({ path, message: unknownKey(key, known) }));
    }
    // Later issues of the same value add nothing.
    const at = pathText(issue.path);
    if (seen.has(at)) return [];
    seen.add(at);
    if (issue.code === 'invalid_key') {
      const [{ message } = issue] = issue.issues;
      return [{ path, message: mismatch([], String(issue.path.at(-1)), message) }];
    }
    const value = valueAt(overlay.json, issue.path);
    return [{ path, message: mismatch(issue.path, value, issue.message) }];
  });
}

function unknownKey(key: string, known: readonly string[]): string {
  const meant = suggestion(key, known);
  const hint =
    meant === undefined ? `the keys are ${known.join(', ')}` : `did you mean "${meant}"?`;
  return `unknown key ${JSON.stringify(key)}; ${hint}`;
}
