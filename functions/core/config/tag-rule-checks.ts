import { RepositoryPattern } from '../oci/repository.ts';
import { isPlatform } from '../tag-policy/platform-rule.ts';
import type { VersionRange } from '../tag-policy/version-range.ts';
import { hubApiElsewhere, isHubApiElsewhere } from './known-registries.ts';
import { patternsOverlap, rangesOverlap } from './pattern-overlap.ts';
import { type Path, valueAt } from './problems.ts';
import { checkRepositories, checkVersions } from './tag-rule-reach.ts';
import { parseDuration } from './units.ts';
import { parseVersionRange } from './version-ranges.ts';

type Report = (path: Path, message: string) => void;

const actions = ['freeze', 'cooldown', 'allow', 'deny'] as const;
type Action = (typeof actions)[number];

/** What belongs to a cooldown alone. */
const cooldownKeys = ['first', 'fast', 'clock', 'strict'] as const;

interface WrittenRule {
  readonly path: Path;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly match: string;
  readonly action: Action | undefined;
}

/** Finds the mistakes in the rules about an upstream's tags that no single value shows. */
export function checkTagRules(json: unknown, upstream: string, report: Report): void {
  const list = valueAt(json, ['upstreams', upstream, 'tags']);
  const rules = (Array.isArray(list) ? list : []).flatMap((one, index) =>
    writtenRule(one, ['upstreams', upstream, 'tags', index]),
  );
  for (const [at, rule] of rules.entries()) {
    checkActions(rule, report);
    const place = [...rule.path, 'match'];
    checkMatch(place, rule.match, upstream, report);
    checkRepositories(json, upstream, place, rule.match, report);
    checkVersions(rule.path, rule.match, rule.fields.semver, report);
    checkPlatforms(rule, report);
    if (rule.fields.clock === 'hub' && upstream !== 'docker.io') {
      report([...rule.path, 'clock'], 'only docker.io has such a clock; leave it out');
    }
    const earlier = rules.slice(0, at);
    if (!checkShadow(rule, earlier, report)) checkFreezes(rule, earlier, report);
  }
  const hubApi = ['upstreams', upstream, 'hubApi'];
  if (valueAt(json, hubApi) !== undefined && isHubApiElsewhere(hubApi)) {
    report(hubApi, hubApiElsewhere);
  }
  const pinsPath = ['upstreams', upstream, 'keep', 'pins'];
  const pins = valueAt(json, pinsPath);
  for (const [index, pin] of (Array.isArray(pins) ? pins : []).entries()) {
    if (typeof pin !== 'string') continue;
    checkMatch([...pinsPath, index], pin, upstream, report);
    checkRepositories(json, upstream, [...pinsPath, index], pin, report);
  }
  checkCooldowns(rules, valueAt(json, ['upstreams', upstream, 'maxStale']), report);
}

function writtenRule(one: unknown, path: Path): WrittenRule[] {
  if (typeof one !== 'object' || one === null) return [];
  const fields = one as Readonly<Record<string, unknown>>;
  const { match } = fields;
  if (typeof match !== 'string') return [];
  const action = actions.find((name) => fields[name] !== undefined);
  return [{ path, fields, match, action }];
}

function checkActions({ path, fields }: WrittenRule, report: Report): void {
  const given = actions.filter((name) => fields[name] !== undefined);
  if (given.length === 0) {
    report(path, 'does nothing; add one of "freeze", "cooldown", "allow" and "deny"');
  } else if (given.length > 1) {
    report(path, `has ${given.join(' and ')}; write one rule for each`);
  }
  for (const key of cooldownKeys) {
    if (fields[key] === undefined || fields.cooldown !== undefined) continue;
    report([...path, key], 'belongs to a "cooldown"');
  }
  if (fields.mode !== undefined && fields.freeze !== undefined) {
    report([...path, 'mode'], 'does not apply to "freeze", which is always in force');
  }
}

/** Finds a pattern that would match nothing. */
function checkMatch(path: Path, match: string, upstream: string, report: Report): void {
  if (match.startsWith(`${upstream}/`)) {
    report(path, `leave out the registry: "${match.slice(upstream.length + 1)}"`);
    return;
  }
  const [repository = ''] = match.split(':');
  if (upstream !== 'docker.io' || /[/*]/.test(repository)) return;
  report(path, `images of docker.io without an owner are in library: "library/${match}"`);
}

/** What `uname` and others call the architectures that images name differently. */
const otherNames: ReadonlyMap<string, string> = new Map([
  ['aarch64', 'arm64'],
  ['armhf', 'arm/v7'],
  ['armv6l', 'arm/v6'],
  ['armv7l', 'arm/v7'],
  ['i386', '386'],
  ['i686', '386'],
  ['x64', 'amd64'],
  ['x86', '386'],
  ['x86_64', 'amd64'],
]);

/** Finds platforms that no image names, and those that mean nothing where they are. */
function checkPlatforms({ path, fields, action }: WrittenRule, report: Report): void {
  const { platforms } = fields;
  if (platforms === undefined) return;
  if (action === 'freeze' || action === 'cooldown') {
    report([...path, 'platforms'], 'belongs to "allow" or "deny": a tag is of all its platforms');
  }
  for (const [index, platform] of (Array.isArray(platforms) ? platforms : []).entries()) {
    const [os, name] = String(platform).split('/');
    const architecture = name === undefined ? undefined : otherNames.get(name);
    if (architecture === undefined) continue;
    report([...path, 'platforms', index], `never matches: images name it "${os}/${architecture}"`);
  }
}

/** Of two patterns with stars, only the same one surely covers another; a rule about tags covers all. */
function coversPlatforms(platforms: unknown, others: unknown): boolean {
  if (platforms === undefined) return true;
  if (!Array.isArray(platforms) || !Array.isArray(others)) return false;
  return others.every((platform) =>
    platforms.some(
      (pattern) =>
        pattern === platform ||
        (!String(platform).includes('*') && isPlatform(String(pattern), String(platform))),
    ),
  );
}

/** Finds a rule that can never apply, because an earlier one of its kind always precedes it. */
function checkShadow(rule: WrittenRule, earlier: readonly WrittenRule[], report: Report): boolean {
  if (rule.action === undefined) return false;
  const before = earlier.find(
    (one) =>
      kindOf(one.action) === kindOf(rule.action) &&
      (one.fields.semver === undefined || one.fields.semver === rule.fields.semver) &&
      coversPlatforms(one.fields.platforms, rule.fields.platforms) &&
      covers(one.match, rule.match),
  );
  if (before === undefined) return false;
  report(rule.path, `never applies: ${nameOf(before)} comes first and matches all its tags`);
  return true;
}

/** Two digests for one tag: which of them was meant is not to be guessed from the order. */
function checkFreezes(rule: WrittenRule, earlier: readonly WrittenRule[], report: Report): void {
  const { freeze } = rule.fields;
  if (typeof freeze !== 'string') return;
  const before = earlier.find(
    (one) =>
      typeof one.fields.freeze === 'string' && one.fields.freeze !== freeze && shareTags(one, rule),
  );
  if (before === undefined) return;
  report(
    [...rule.path, 'freeze'],
    `is not the digest of ${nameOf(before)}, and both rules match some of the same tags; narrow one "match"`,
  );
}

function shareTags(one: WrittenRule, other: WrittenRule): boolean {
  const [repository = '', tag = '*'] = one.match.split(':');
  const [otherRepository = '', otherTag = '*'] = other.match.split(':');
  if (!patternsOverlap(repository, otherRepository) || !patternsOverlap(tag, otherTag))
    return false;
  const [range, otherRange] = [rangeOf(one), rangeOf(other)];
  return range === undefined || otherRange === undefined || rangesOverlap(range, otherRange);
}

function rangeOf({ fields: { semver } }: WrittenRule): VersionRange | undefined {
  return typeof semver === 'string' ? parseVersionRange(semver) : undefined;
}

function nameOf({ path, match }: WrittenRule): string {
  return `tags[${String(path.at(-1))}] (${match})`;
}

function kindOf(action: Action | undefined): string | undefined {
  return action === 'allow' || action === 'deny' ? 'access' : action;
}

/** Whether a pattern surely matches all that another does. Of two with stars, only simple cases are told. */
function covers(pattern: string, other: string): boolean {
  if (pattern === other) return true;
  const [repository = '', tag = '*'] = other.split(':');
  const [ownRepository = '', ownTag = '*'] = pattern.split(':');
  const coversNames =
    ownRepository === '**' ||
    ownRepository === repository ||
    (ownRepository.endsWith('/**') && repository.startsWith(ownRepository.slice(0, -2))) ||
    (!repository.includes('*') && new RepositoryPattern(ownRepository).test(repository));
  const coversTags =
    ownTag === '*' ||
    ownTag === tag ||
    (!tag.includes('*') && new RepositoryPattern(ownTag).test(tag));
  return coversNames && coversTags;
}

const defaultMaxStale = '30d';

/** A tag must be confirmed for as long as its cooldown, so its record must last for longer. */
function checkCooldowns(rules: readonly WrittenRule[], maxStale: unknown, report: Report): void {
  const written = typeof maxStale === 'string' ? maxStale : defaultMaxStale;
  for (const { path, fields } of rules) {
    const { cooldown } = fields;
    if (typeof cooldown !== 'string') continue;
    if (!(parseDuration(cooldown) > parseDuration(written))) continue;
    report(
      [...path, 'cooldown'],
      `is longer than maxStale (${written}): while the registry fails, the tag could not be served for as long as it waits`,
    );
  }
}
