import * as z from 'zod';
import { crossChecks, passwordVariables } from './cross-checks.ts';
import { definition } from './definition.ts';
import {
  type Environment,
  environmentOverrides,
  listedUpstreams,
  type Override,
} from './environment.ts';
import { type Findings, findingsOf } from './findings.ts';
import { wellKnownRegistries } from './known-registries.ts';
import { literalVariables } from './literal-variables.ts';
import { Overlay } from './overlay.ts';
import { type Mistake, mismatch, type Problem, pathText, valueAt } from './problems.ts';
import { type Config, resolveConfig } from './resolve.ts';
import { unknownKey, wrongRegistry } from './unknown-keys.ts';
import { unknownVariables } from './unknown-variables.ts';

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
): ParsedConfig & Findings {
  const overlay = new Overlay(json);
  overlay.apply([...listedUpstreams(environment), ...environmentOverrides(environment, [])]);
  overlay.apply(options);
  const listed = overlay.keys(['upstreams']);
  const defaultUpstream = valueAt(overlay.json, ['defaultUpstream']) ?? 'docker.io';
  if (typeof defaultUpstream === 'string' && wellKnownRegistries.has(defaultUpstream)) {
    overlay.apply([{ from: 'defaultUpstream', path: ['upstreams', defaultUpstream], value: {} }]);
  }
  // Each upstream has variables of its own, and only now are all upstreams known.
  const upstreams = overlay.keys(['upstreams']);
  overlay.apply([...environmentOverrides(environment, upstreams), ...options]);

  const parsed = definition.safeParse(overlay.json);
  const passwords = passwordVariables(overlay).map(({ variable }) => variable);
  const mistakes = [
    ...literalVariables(overlay),
    ...definitionMistakes(parsed.error?.issues ?? [], overlay),
    ...crossChecks(overlay, defaultUpstream, environment),
  ];
  const problems = [
    ...onePerPath(mistakes).map(({ path, shown = path, message }) => ({
      path: overlay.place(shown),
      message,
    })),
    ...unknownVariables(environment, upstreams, passwords),
  ];
  const findings = findingsOf(overlay, listed);
  return parsed.success && problems.length === 0
    ? { ...findings, ok: resolveConfig(parsed.data) }
    : { ...findings, problems };
}

/** The JSON Schema (2020-12) of the configuration file, for editors. */
export function configJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(definition, { io: 'input' });
  return { $schema, title: 'Pullfront', description: 'The configuration of Pullfront.', ...schema };
}

/** The messages of the definition say what is expected; this adds what it got. */
function definitionMistakes(issues: readonly z.core.$ZodIssue[], overlay: Overlay): Mistake[] {
  return issues.flatMap((issue): Mistake[] => {
    const { path } = issue;
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        path: [...path, key],
        shown: path,
        message: unknownKey(path, key),
      }));
    }
    if (issue.code === 'invalid_key') {
      const [{ message } = issue] = issue.issues;
      const name = String(path.at(-1));
      const isRegistry = path[0] === 'upstreams';
      return [
        { path, message: isRegistry ? wrongRegistry(name, message) : mismatch([], name, message) },
      ];
    }
    return [{ path, message: mismatch(path, valueAt(overlay.json, path), issue.message) }];
  });
}

/** What follows the first mistake of a value says nothing new. */
function onePerPath(mistakes: readonly Mistake[]): Mistake[] {
  const seen = new Set<string>();
  return mistakes.filter(({ path }) => {
    const text = pathText(path);
    const isFirst = !seen.has(text);
    seen.add(text);
    return isFirst;
  });
}
