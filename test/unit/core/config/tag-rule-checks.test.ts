import { expect, test } from 'vitest';
import { checkTagRules } from '../../../../functions/core/config/tag-rule-checks.ts';

function found(tags: unknown, upstream: object = {}): string[] {
  const reports: string[] = [];
  const json = { upstreams: { 'docker.io': { ...upstream, tags } } };
  checkTagRules(json, 'docker.io', (path, message) =>
    reports.push(`${path.slice(2).join('.')}: ${message}`),
  );
  return reports;
}

const digest = `sha256:${'a'.repeat(64)}`;

test('rules of every kind are right', () => {
  expect(
    found([
      { match: '**:nightly*', cooldown: '0s' },
      { match: 'acme/*:prod', freeze: digest },
      { match: 'library/node', semver: '<18', deny: true, mode: 'enforce' },
      { match: 'library/node', allow: true },
      {
        match: 'library/**',
        cooldown: '3d',
        first: 'refuse',
        fast: 'stay',
        strict: true,
        clock: 'hub',
      },
      { match: 'acme/app', platforms: ['linux/386'], allow: true },
      { match: 'acme/app', platforms: ['linux/386', 'windows/*'], deny: true },
      { match: 'acme/app:1*', deny: true },
    ]),
  ).toEqual([]);
});

test('a rule has one action', () => {
  expect(
    found([
      { match: 'x/a' },
      { match: 'x/b', freeze: true, cooldown: '1d' },
      { match: 'x/c', mode: 'enforce' },
    ]),
  ).toEqual([
    'tags.0: does nothing; add one of "freeze", "cooldown", "allow" and "deny"',
    'tags.1: has freeze and cooldown; write one rule for each',
    'tags.2: does nothing; add one of "freeze", "cooldown", "allow" and "deny"',
  ]);
});

test('what belongs to a cooldown is not at another rule', () => {
  expect(found([{ match: 'x/a', deny: true, first: 'allow', fast: 'stay', strict: true }])).toEqual(
    [
      'tags.0.first: belongs to a "cooldown"',
      'tags.0.fast: belongs to a "cooldown"',
      'tags.0.strict: belongs to a "cooldown"',
    ],
  );
  expect(found([{ match: 'x/a', deny: true, clock: 'hub' }])).toEqual([
    'tags.0.clock: belongs to a "cooldown"',
  ]);
  expect(found([{ match: 'x/a', freeze: true, mode: 'observe' }])).toEqual([
    'tags.0.mode: does not apply to "freeze", which is always in force',
  ]);
});

test('platforms are those of images, and no condition of a cooldown or a freeze', () => {
  expect(
    found([
      { match: 'x/a', platforms: ['linux/x86_64', 'linux/armv7l', 'linux/arm'], deny: true },
      { match: 'x/a', platforms: ['linux/386'], cooldown: '1d' },
      { match: 'x/a', platforms: ['linux/386'], freeze: true },
    ]),
  ).toEqual([
    'tags.0.platforms.0: never matches: images name it "linux/amd64"',
    'tags.0.platforms.1: never matches: images name it "linux/arm/v7"',
    'tags.1.platforms: belongs to "allow" or "deny": a tag is of all its platforms',
    'tags.2.platforms: belongs to "allow" or "deny": a tag is of all its platforms',
  ]);
});

test('a rule about platforms never applies after one about their tags, or the same platforms', () => {
  const hidden = 'tags.1: never applies: tags[0] (x/**) comes first and matches all its tags';
  const second = { match: 'x/a', platforms: ['linux/386'], deny: true };
  expect(found([{ match: 'x/**', allow: true }, second])).toEqual([hidden]);
  const both = ['linux/386', 'linux/arm'];
  expect(found([{ match: 'x/**', platforms: both, allow: true }, second])).toEqual([hidden]);
  expect(found([{ match: 'x/**', platforms: ['linux/*'], deny: true }, second])).toEqual([hidden]);
  expect(found([{ match: 'x/**', platforms: ['linux/arm'], allow: true }, second])).toEqual([]);
});

test('only Docker Hub has a clock', () => {
  const reports: string[] = [];
  const tags = [{ match: 'x/a', cooldown: '1d', clock: 'hub' }];
  const json = { upstreams: { 'ghcr.io': { tags, hubApi: 'https://hub.docker.com' } } };
  checkTagRules(json, 'ghcr.io', (path, message) => reports.push(`${path.join('.')}: ${message}`));
  expect(reports).toEqual([
    'upstreams.ghcr.io.tags.0.clock: only docker.io has such a clock; leave it out',
    'upstreams.ghcr.io.hubApi: belongs to docker.io',
  ]);
});

test('patterns leave out the registry', () => {
  expect(found([{ match: 'docker.io/library/app:1', freeze: true }])).toEqual([
    'tags.0.match: leave out the registry: "library/app:1"',
  ]);
  expect(
    found([], { keep: { pins: ['docker.io/library/app', 'postgres:16*', 'library/ok', 5] } }),
  ).toEqual([
    'keep.pins.0: leave out the registry: "library/app"',
    'keep.pins.1: images of docker.io without an owner are in library: "library/postgres:16*"',
  ]);
});

test.each([
  ['**', 'library/app:1'],
  ['library/**', 'library/app'],
  ['library/**', 'library/a*:1'],
  ['library/app', 'library/app:1'],
  ['library/app:1*', 'library/app:1.2'],
  ['library/*', 'library/app:1'],
  ['library/a*:1', 'library/a*:1'],
])('of two freezes, one of %s hides one of %s', (first, second) => {
  expect(
    found([
      { match: first, freeze: true },
      { match: second, freeze: digest },
    ]),
  ).toEqual([`tags.1: never applies: tags[0] (${first}) comes first and matches all its tags`]);
});

test.each([
  ['library/app:1', 'library/app'],
  ['library/*:1', 'library/app:2'],
  ['acme/**', 'library/app'],
  ['library/app:1', 'library/app:1*'],
])('a rule of %s leaves something to one of %s', (first, second) => {
  expect(
    found([
      { match: first, freeze: true },
      { match: second, freeze: true },
    ]),
  ).toEqual([]);
});

test('a rule is hidden by its own kind only, and not by one with versions', () => {
  expect(
    found([
      { match: '**', freeze: true },
      { match: '**', cooldown: '1d' },
    ]),
  ).toEqual([]);
  expect(
    found([
      { match: '**', semver: '>=2', deny: true },
      { match: '**', allow: true },
    ]),
  ).toEqual([]);
  expect(
    found([
      { match: '**', deny: true },
      { match: 'x/a', allow: true },
    ]),
  ).toHaveLength(1);
});

test('a cooldown is no longer than a tag may go without a confirmation', () => {
  const tags = [{ match: '**', cooldown: '31d' }];
  expect(found(tags)).toEqual([
    'tags.0.cooldown: is longer than maxStale (30d): while the registry fails, the tag could not be served for as long as it waits',
  ]);
  expect(found(tags, { maxStale: '31d' })).toEqual([]);
});

test('what is no rule is for the definition', () => {
  expect(found('words')).toEqual([]);
  expect(found([5, null, { match: 7 }])).toEqual([]);
});

const other = `sha256:${'b'.repeat(64)}`;

test.each([
  ['library/app:1*', 'library/app:*2'],
  ['library/app:1', 'library/*:1'],
  ['library/a*', 'library/*p:1'],
  ['library/app:1', 'library/app'],
  ['*/app', 'acme/**'],
])('%s and %s must not be frozen to different digests', (first, second) => {
  const tags = (freeze: string | true) => [
    { match: first, freeze: digest },
    { match: second, freeze },
  ];
  expect(found(tags(other))).toEqual([
    `tags.1.freeze: is not the digest of tags[0] (${first}), and both rules match some of the same tags; narrow one "match"`,
  ]);
  expect(found(tags(digest))).toEqual([]);
  expect(found(tags(true))).toEqual([]);
});

test.each([
  ['library/app:1*', 'library/app:2*'],
  ['library/a*', 'library/b*'],
  ['library/*', 'library/a/b'],
  ['*/app', 'acme/x/app'],
])('%s and %s share no tag', (first, second) => {
  expect(
    found([
      { match: first, freeze: digest },
      { match: second, freeze: other },
    ]),
  ).toEqual([]);
});

test('freezes of different versions may have different digests', () => {
  const tags = (first: string, second: string) => [
    { match: 'library/app', semver: first, freeze: digest },
    { match: 'library/app', semver: second, freeze: other },
  ];
  expect(found(tags('<18', '>=18'))).toEqual([]);
  expect(found(tags('^1.2', '^2'))).toEqual([]);
  expect(found(tags('<18', '>=16 <20'))).toHaveLength(1);
  expect(found(tags('>16.0.0', '16.0.1'))).toHaveLength(1);
});

test('a rule is hidden by one with the same versions', () => {
  const tags = (semver: string) => [
    { match: '**', semver: '>=2', deny: true },
    { match: 'library/app', semver, allow: true },
  ];
  expect(found(tags('>=2'))).toEqual([
    'tags.1: never applies: tags[0] (**) comes first and matches all its tags',
  ]);
  expect(found(tags('>=1'))).toEqual([]);
});
