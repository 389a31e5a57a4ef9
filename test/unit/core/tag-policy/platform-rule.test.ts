import { expect, test } from 'vitest';
import { bindsDigests, platformRule } from '../../../../functions/core/tag-policy/platform-rule.ts';
import { VersionRange } from '../../../../functions/core/tag-policy/version-range.ts';
import { madeRule } from './made-rule.ts';

const deny = (match: string, ...platforms: string[]) =>
  madeRule(match, { access: 'deny', platforms });

test.each([
  ['linux/386', 'linux/386', true],
  ['linux/arm', 'linux/arm/v7', true],
  ['linux/arm/v6', 'linux/arm/v7', false],
  ['linux/arm', 'linux/arm64/v8', false],
  ['windows/*', 'windows/amd64', true],
  ['*/386', 'linux/386', true],
  ['linux/386', 'linux/amd64', false],
])('%s matches %s: %s', (pattern, platform, matches) => {
  const rule = deny('library/app', pattern);
  const found = platformRule([rule], 'library/app', '1', platform);
  expect(found).toBe(matches ? rule : undefined);
});

test('the first rule about access decides, and one about tags says nothing of platforms', () => {
  const rules = [
    madeRule('a/b:1', { access: 'allow' }),
    madeRule('a/b:2', { access: 'allow', platforms: ['linux/386'] }),
    deny('a/b', 'linux/386'),
  ];
  const access = (tag: string) => platformRule(rules, 'a/b', tag, 'linux/386')?.access;
  expect([access('1'), access('2'), access('3'), access('')]).toEqual([
    undefined,
    'allow',
    'deny',
    'deny',
  ]);
});

test('an index without a tag matches no rule about versions', () => {
  const old = new VersionRange('<2', [[{ operator: '<', version: [2, 0, 0, 1] }]]);
  const rules = [{ ...deny('a/b', 'linux/386'), semver: old }];
  expect(platformRule(rules, 'a/b', '', 'linux/386')).toBeUndefined();
  expect(platformRule(rules, 'a/b', '1', 'linux/386')).toBe(rules[0]);
});

test('only strict cooldowns and rules about platforms bind digests', () => {
  const usual = { age: 1, first: 'allow', fast: 'stay', clock: 'first-seen' } as const;
  const of = (strict: boolean) => madeRule('a/b', { cooldown: { ...usual, strict } });
  expect([of(true), of(false), deny('a/b', 'x/y'), madeRule('a/b', {})].map(bindsDigests)).toEqual([
    true,
    false,
    true,
    false,
  ]);
});
