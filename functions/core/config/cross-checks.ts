import type { Environment } from './environment.ts';
import {
  dockerHubHosts,
  knownRegistries,
  knownRegistryUrl,
  registryPattern,
} from './known-registries.ts';
import type { Overlay } from './overlay.ts';
import { type Problem, valueAt } from './problems.ts';
import { suggestion } from './suggestion.ts';

/**
 * The mistakes that no single value shows. They are looked for in what was given, so that they are
 * found also where other values are wrong.
 */
export function crossChecks(
  overlay: Overlay,
  defaultUpstream: unknown,
  environment: Environment,
): Problem[] {
  return [
    ...defaultProblem(overlay, defaultUpstream),
    ...storeProblems(overlay),
    ...overlay.keys(['upstreams']).flatMap((name) => missingUrl(overlay, name)),
    ...overlay.keys(['upstreams']).flatMap((name) => registryInPatterns(overlay, name)),
    ...passwordVariables(overlay).flatMap(({ path, variable }) =>
      (environment[variable] ?? '') === '' ? [unsetPassword(overlay.place(path))] : [],
    ),
  ];
}

/** What the store needs. A password in Secrets Manager can be read on AWS only. */
function storeProblems(overlay: Overlay): Problem[] {
  const store = valueAt(overlay.json, ['store']);
  if (store === 'aws') {
    if (valueAt(overlay.json, ['aws']) !== undefined) return [];
    const expected = 'what the store on AWS is made of: {"table": …, "bucket": …, "queue": …}';
    return [{ path: 'aws', found: 'nothing', expected }];
  }
  return overlay.keys(['upstreams']).flatMap((name) => {
    const path = ['upstreams', name, 'credentials', 'password', 'secret'];
    if (valueAt(overlay.json, path) === undefined) return [];
    const expected = '{"env": "NAME"} or {"file": "PATH"}: secrets are read with "store": "aws"';
    return [{ path: overlay.place(path), found: 'a secret of Secrets Manager', expected }];
  });
}

/** The variables that the passwords of upstreams are in. */
export function passwordVariables(overlay: Overlay): { path: string[]; variable: string }[] {
  return overlay.keys(['upstreams']).flatMap((name) => {
    const path = ['upstreams', name, 'credentials', 'password', 'env'];
    const variable = valueAt(overlay.json, path);
    return typeof variable === 'string' ? [{ path, variable }] : [];
  });
}

function isRegistry(name: string): boolean {
  return registryPattern.test(name) && !dockerHubHosts.has(name);
}

function defaultProblem(overlay: Overlay, name: unknown): Problem[] {
  // A well-known one is added where it is missing, and a name that is none is reported as such.
  if (typeof name !== 'string' || knownRegistryUrl(name) !== undefined || !isRegistry(name)) {
    return [];
  }
  if (overlay.keys(['upstreams']).includes(name)) return [];
  const found = JSON.stringify(name);
  const expected = 'one of the upstreams, or a well-known registry';
  return [{ path: overlay.place(['defaultUpstream']), found, expected }];
}

function missingUrl(overlay: Overlay, name: string): Problem[] {
  if (!isRegistry(name) || knownRegistryUrl(name) !== undefined) return [];
  const path = ['upstreams', name, 'url'];
  if (valueAt(overlay.json, path) !== undefined) return [];
  const meant = suggestion(name, knownRegistries);
  const hint = meant === undefined ? '' : ` (or "${meant}" as its name, if that was meant)`;
  return [
    {
      path: overlay.place(path),
      found: 'nothing',
      expected: `the URL of a registry that is not well known: "https://${name}"${hint}`,
    },
  ];
}

/** A pattern with the registry in front matches no repository of it: all or nothing is let through. */
function registryInPatterns(overlay: Overlay, name: string): Problem[] {
  return ['allow', 'deny'].flatMap((list) => {
    const patterns = valueAt(overlay.json, ['upstreams', name, list]);
    if (!Array.isArray(patterns)) return [];
    return patterns.flatMap((pattern: unknown, at) =>
      typeof pattern === 'string' && pattern.startsWith(`${name}/`)
        ? [
            {
              path: `${overlay.place(['upstreams', name, list])}[${at}]`,
              found: JSON.stringify(pattern),
              expected: `a pattern without the registry: ${JSON.stringify(pattern.slice(name.length + 1))}`,
            },
          ]
        : [],
    );
  });
}

function unsetPassword(path: string): Problem {
  // The name is not shown: somebody may have written the password in its place.
  return { path, found: 'a variable that is not set', expected: 'one that holds the password' };
}
