import { RepositoryPattern } from '../oci/repository.ts';
import { patternsOverlap, rangesOverlap } from './pattern-overlap.ts';
import { type Path, valueAt } from './problems.ts';
import { parseVersionRange } from './version-ranges.ts';

type Report = (path: Path, message: string) => void;

/** Finds versions that no tag of a rule has. `path` is the rule's. */
export function checkVersions(path: Path, match: string, semver: unknown, report: Report): void {
  const range = typeof semver === 'string' ? parseVersionRange(semver) : undefined;
  if (range === undefined) return;
  const [, tag = '*'] = match.split(':');
  const at = [...path, 'semver'];
  if (!rangesOverlap(range, range)) {
    report(at, 'never applies: no version is in this range');
  } else if (!/^(?:\*|v?\d|v\*)/i.test(tag)) {
    report(at, `never applies: ${tag} is not a version`);
  } else if (!tag.includes('*') && !range.test(tag)) {
    report(at, `never applies: ${tag} is not in this range`);
  }
}

/** Finds a pattern of tags none of whose repositories the upstream's `allow` and `deny` let through. */
export function checkRepositories(
  json: unknown,
  upstream: string,
  path: Path,
  match: string,
  report: Report,
): void {
  const [repository = ''] = match.split(':');
  const listed = (key: string) => {
    const list = valueAt(json, ['upstreams', upstream, key]);
    return (Array.isArray(list) ? list : []).filter((one) => typeof one === 'string');
  };
  const allowed = listed('allow');
  if (allowed.length > 0 && !allowed.some((one) => patternsOverlap(one, repository))) {
    report(path, 'never applies: "allow" of this upstream has none of its repositories');
    return;
  }
  const isDenied = (pattern: string) =>
    pattern === repository ||
    pattern === '**' ||
    (!repository.includes('*') && new RepositoryPattern(pattern).test(repository));
  const denied = listed('deny').find(isDenied);
  if (denied === undefined) return;
  report(path, `never applies: "deny" of this upstream (${denied}) refuses its repositories`);
}
