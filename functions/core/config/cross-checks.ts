import { accountPaths, checkAccount, checkLabels } from './account-checks.ts';
import type { Environment } from './environment.ts';
import { dockerHubHosts, registryPattern, wellKnownRegistries } from './known-registries.ts';
import { checkNetworks } from './network-checks.ts';
import type { Overlay } from './overlay.ts';
import { type Mistake, type Path, unsetVariable, valueAt } from './problems.ts';
import { suggestion } from './suggestion.ts';
import { checkTagRules } from './tag-rule-checks.ts';

/**
 * Finds the mistakes that no single value shows. It checks the input rather than zod's result, so
 * that they are reported together with invalid values.
 */
export function crossChecks(
  overlay: Overlay,
  defaultUpstream: unknown,
  environment: Environment,
): Mistake[] {
  const mistakes: Mistake[] = [];
  const report = (path: Path, message: string) => {
    mistakes.push({ path, message });
  };
  const upstreams = overlay.keys(['upstreams']);
  const isOnAws = valueAt(overlay.json, ['store']) === 'aws';

  if (isRegistry(defaultUpstream) && !upstreams.includes(defaultUpstream)) {
    const name = JSON.stringify(defaultUpstream);
    report(['defaultUpstream'], `${name} is neither in "upstreams" nor a well-known registry`);
  }
  if (isOnAws && valueAt(overlay.json, ['aws']) === undefined) {
    report(
      ['aws'],
      'missing; "store": "aws" needs {"table": …, "bucket": …, "queue": …}, or the variables PULLFRONT_AWS_TABLE, PULLFRONT_AWS_BUCKET and PULLFRONT_AWS_QUEUE',
    );
  }
  for (const name of upstreams) {
    const path = ['upstreams', name];
    if (isRegistry(name) && valueAt(overlay.json, [...path, 'url']) === undefined) {
      report([...path, 'url'], `missing; "${name}" is not a well-known registry${hint(name)}`);
    }
    for (const account of accountPaths(overlay.json, name)) {
      const secret = [...account, 'password', 'secret'];
      if (!isOnAws && valueAt(overlay.json, secret) !== undefined) {
        report(secret, 'secrets need "store": "aws"; use {"env": "NAME"} or {"file": "PATH"}');
      }
      checkAccount(overlay.json, account, name, overlay.keys(['networks']), report);
    }
    checkLabels(overlay.json, accountPaths(overlay.json, name), report);
    checkAlternates(overlay, name, report);
    checkTagRules(overlay.json, name, report);
    for (const list of ['allow', 'deny']) {
      const patterns = valueAt(overlay.json, [...path, list]);
      for (const [index, pattern] of (Array.isArray(patterns) ? patterns : []).entries()) {
        // Patterns are matched without the registry, so this one would match nothing.
        if (typeof pattern !== 'string' || !pattern.startsWith(`${name}/`)) continue;
        const shorter = pattern.slice(name.length + 1);
        report([...path, list, index], `leave out the registry: "${shorter}"`);
      }
    }
  }
  checkNetworks(overlay, report);
  for (const { path, variable } of passwordVariables(overlay)) {
    if ((environment[variable] ?? '') === '') report(path, unsetVariable(variable));
  }
  return mistakes;
}

/** The variables that hold the passwords of upstreams. */
export function passwordVariables(overlay: Overlay): { path: Path; variable: string }[] {
  return overlay.keys(['upstreams']).flatMap((name) => {
    return accountPaths(overlay.json, name).flatMap((account) => {
      const path = [...account, 'password', 'env'];
      const variable = valueAt(overlay.json, path);
      return typeof variable === 'string' ? [{ path, variable }] : [];
    });
  });
}

/** An alternate is another registry whose URL is known. */
function checkAlternates(overlay: Overlay, name: string, report: Report): void {
  const path = ['upstreams', name, 'alternates'];
  const list = valueAt(overlay.json, path);
  if (list === 'hub' && name !== 'docker.io') {
    report(path, '"hub" names mirrors of docker.io; list the registries that mirror this one');
  }
  const known = [...new Set([...overlay.keys(['upstreams']), ...wellKnownRegistries.keys()])];
  for (const [index, alternate] of (Array.isArray(list) ? list : []).entries()) {
    if (typeof alternate !== 'string') continue;
    const [registry = ''] = alternate.split('/');
    if (registry === name) {
      report(
        [...path, index],
        'is this upstream itself; name another registry, such as "mirror.gcr.io"',
      );
    } else if (!known.includes(registry)) {
      const meant = suggestion(registry, known);
      const hint = meant === undefined ? 'add it to "upstreams"' : `did you mean "${meant}"?`;
      report(
        [...path, index],
        `"${registry}" is neither in "upstreams" nor a well-known registry; ${hint}`,
      );
    }
  }
}

type Report = (path: Path, message: string) => void;

/** True for a valid name of a registry that is not well known. */
function isRegistry(name: unknown): name is string {
  if (typeof name !== 'string' || wellKnownRegistries.has(name)) return false;
  return registryPattern.test(name) && !dockerHubHosts.has(name);
}

function hint(name: string): string {
  const meant = suggestion(name, [...wellKnownRegistries.keys()]);
  if (meant !== undefined) return `; did you mean "${meant}"?`;
  return `; expected its URL such as "https://${name}"`;
}
