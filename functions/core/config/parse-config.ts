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
import { problemsOf } from './issues.ts';
import { knownRegistryUrl } from './known-registries.ts';
import { Overlay } from './overlay.ts';
import { type Problem, valueAt } from './problems.ts';
import { type Config, resolveConfig } from './resolve.ts';

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
