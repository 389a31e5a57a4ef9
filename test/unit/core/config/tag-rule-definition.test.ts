import { expect, test } from 'vitest';
import { keep, tagRule } from '../../../../functions/core/config/tag-rule-definition.ts';

const messages = (schema: typeof tagRule | typeof keep, value: unknown) =>
  (schema.safeParse(value).error?.issues ?? []).map(({ path, message }) => [
    path.join('.'),
    message,
  ]);

test('a rule observes and allows unless it says otherwise', () => {
  expect(tagRule.parse({ match: 'library/**', cooldown: '3d' })).toEqual({
    match: 'library/**',
    cooldown: 259_200_000,
    mode: 'observe',
    first: 'allow',
    fast: 'stay',
    clock: 'first-seen',
    strict: false,
  });
});

test.each([
  [{ match: '' }, 'match'],
  [{ match: 'a b' }, 'match'],
  [{ match: 'a:b:c' }, 'match'],
  [{ match: 'Library/App' }, 'match'],
  [{ match: 'library/app@sha256:abc' }, 'match'],
  [{ match: 'a', semver: 'one' }, 'semver'],
  [{ match: 'a', freeze: 'sha256:abc' }, 'freeze'],
  [{ match: 'a', freeze: false }, 'freeze'],
  [{ match: 'a', cooldown: '3 days' }, 'cooldown'],
  [{ match: 'a', deny: 'yes' }, 'deny'],
  [{ match: 'a', mode: 'dry-run' }, 'mode'],
  [{ match: 'a', first: 'hold' }, 'first'],
  [{ match: 'a', clock: 'created' }, 'clock'],
  [{ match: 'a', strict: 'yes' }, 'strict'],
  [{ match: 'a', platforms: 'linux/386' }, 'platforms'],
  [{ match: 'a', platforms: [] }, 'platforms'],
  [{ match: 'a', platforms: ['386'] }, 'platforms.0'],
  [{ match: 'a', platforms: ['Linux/AMD64'] }, 'platforms.0'],
])('%j has a mistake at %s', (rule, path) => {
  const found = messages(tagRule, rule);
  expect(found.map(([at]) => at)).toEqual([path]);
  expect(found[0]?.[1]).not.toMatch(/invalid|zod/i);
});

test('a rule has no other keys', () => {
  expect(messages(tagRule, { match: 'a', cooldwon: '3d' })).toHaveLength(1);
});

test('what is kept', () => {
  const { age, pins } = keep.parse({ age: '90d', pins: ['library/postgres:16*'] });
  expect(age).toBe(7_776_000_000);
  expect(pins.map((pin) => pin.test('library/postgres', '16.2'))).toEqual([true]);
  expect(messages(keep, { pins: ['a b', 'a:b:c', 'library/app'] }).map(([at]) => at)).toEqual([
    'pins.0',
    'pins.1',
  ]);
  expect(messages(keep, { age: 90 }).map(([at]) => at)).toEqual(['age']);
});
