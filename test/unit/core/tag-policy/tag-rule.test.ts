import { expect, it } from 'vitest';
import { noRules, rulesOf } from '../../../../functions/core/tag-policy/tag-rule.ts';
import { VersionRange } from '../../../../functions/core/tag-policy/version-range.ts';
import { madeRule } from './made-rule.ts';

const cooldown = {
  age: 1,
  first: 'allow',
  fast: 'stay',
  strict: false,
  clock: 'first-seen',
} as const;

it('takes the first rule of each kind that matches', () => {
  const rules = [
    madeRule('library/*:nightly', { access: 'allow' }),
    madeRule('library/**', { access: 'deny' }),
    madeRule('acme/*', { freeze: true }),
    madeRule('**', { freeze: true }),
    madeRule('library/app', { cooldown }),
    madeRule('**', { cooldown: { ...cooldown, age: 2 } }),
  ];
  const { access, freeze, cooldown: cooling } = rulesOf(rules, 'library/app', 'nightly');
  expect(access).toBe(rules[0]);
  expect(freeze).toBe(rules[3]);
  expect(cooling).toBe(rules[4]);
  expect(rulesOf(rules, 'library/app', '1').access).toBe(rules[1]);
});

it('has no rule for a tag that none matches, nor from a rule about platforms', () => {
  const platforms = madeRule('**', { access: 'deny', platforms: ['windows/*'] });
  expect(rulesOf([platforms, madeRule('acme/*', { freeze: true })], 'library/app', '1')).toBe(
    noRules,
  );
});

it('applies a rule with versions to those in its range', () => {
  const semver = new VersionRange('<18', [[{ operator: '<', version: [18, 0, 0, 0] }]]);
  const old = [madeRule('library/node', { access: 'deny', semver })];
  expect(rulesOf(old, 'library/node', '17.2-alpine').access).toBe(old[0]);
  expect(rulesOf(old, 'library/node', '18').access).toBeUndefined();
  expect(rulesOf(old, 'library/node', 'latest').access).toBeUndefined();
});
