import { expect, it } from 'vitest';
import { TagPattern } from '../../../../functions/core/tag-policy/tag-pattern.ts';
import { noRules, rulesOf, type TagRule } from '../../../../functions/core/tag-policy/tag-rule.ts';
import { VersionRange } from '../../../../functions/core/tag-policy/version-range.ts';

function rule(match: string, differences: Partial<TagRule>): TagRule {
  return {
    match: new TagPattern(match),
    semver: undefined,
    platforms: undefined,
    mode: 'enforce',
    freeze: undefined,
    cooldown: undefined,
    access: undefined,
    ...differences,
  };
}

const cooldown = {
  age: 1,
  first: 'allow',
  fast: 'stay',
  strict: false,
  clock: 'first-seen',
} as const;

it('takes the first rule of each kind that matches', () => {
  const rules = [
    rule('library/*:nightly', { access: 'allow' }),
    rule('library/**', { access: 'deny' }),
    rule('acme/*', { freeze: true }),
    rule('**', { freeze: true }),
    rule('library/app', { cooldown }),
    rule('**', { cooldown: { ...cooldown, age: 2 } }),
  ];
  const { access, freeze, cooldown: cooling } = rulesOf(rules, 'library/app', 'nightly');
  expect(access).toBe(rules[0]);
  expect(freeze).toBe(rules[3]);
  expect(cooling).toBe(rules[4]);
  expect(rulesOf(rules, 'library/app', '1').access).toBe(rules[1]);
});

it('has no rule for a tag that none matches, nor from a rule about platforms', () => {
  const platforms = rule('**', { access: 'deny', platforms: ['windows/*'] });
  expect(rulesOf([platforms, rule('acme/*', { freeze: true })], 'library/app', '1')).toBe(noRules);
});

it('applies a rule with versions to those in its range', () => {
  const semver = new VersionRange('<18', [[{ operator: '<', version: [18, 0, 0, 0] }]]);
  const old = [rule('library/node', { access: 'deny', semver })];
  expect(rulesOf(old, 'library/node', '17.2-alpine').access).toBe(old[0]);
  expect(rulesOf(old, 'library/node', '18').access).toBeUndefined();
  expect(rulesOf(old, 'library/node', 'latest').access).toBeUndefined();
});
