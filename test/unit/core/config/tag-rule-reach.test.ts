import { expect, test } from 'vitest';
import {
  checkRepositories,
  checkVersions,
} from '../../../../functions/core/config/tag-rule-reach.ts';

function ofVersions(match: string, semver: unknown): string[] {
  const reports: string[] = [];
  checkVersions(['tags', 0], match, semver, (path, message) =>
    reports.push(`${path.join('.')}: ${message}`),
  );
  return reports;
}

test.each([
  ['library/app', '>2 <1', 'no version is in this range'],
  // After 2 comes 3.
  ['library/app', '>2 <3', 'no version is in this range'],
  ['library/app:latest', '>=2', 'latest is not a version'],
  ['library/app:nightly*', '>=2', 'nightly* is not a version'],
  ['library/app:1.2', '>=2', '1.2 is not in this range'],
  ['library/app:v1-alpine', '^2', 'v1-alpine is not in this range'],
])('%s has no tag in %s', (match, semver, reason) => {
  expect(ofVersions(match, semver)).toEqual([`tags.0.semver: never applies: ${reason}`]);
});

test.each([
  ['library/app', '>=2 <3'],
  ['library/app:*', '<1'],
  ['library/app:*', '*'],
  ['library/app', '<=0.0.0'],
  ['library/app', '>2.0.0 <2.0.2'],
  ['library/app:1*', '>=2'],
  ['library/app:*-alpine', '>=2'],
  ['library/app:v*', '>=2'],
  ['library/app:2.1-alpine', '>=2'],
  ['library/app:latest', undefined],
  ['library/app:latest', 'words'],
])('%s may have one in %s', (match, semver) => {
  expect(ofVersions(match, semver)).toEqual([]);
});

function ofRepositories(match: string, upstream: object): string[] {
  const reports: string[] = [];
  const json = { upstreams: { 'docker.io': upstream } };
  checkRepositories(json, 'docker.io', ['tags', 0, 'match'], match, (path, message) =>
    reports.push(`${path.join('.')}: ${message}`),
  );
  return reports;
}

test('a rule about repositories that are not mirrored is found', () => {
  expect(ofRepositories('acme/**', { allow: ['library/**', 5] })).toEqual([
    'tags.0.match: never applies: "allow" of this upstream has none of its repositories',
  ]);
  expect(ofRepositories('acme/app:1', { deny: ['other/x', 'acme/*'] })).toEqual([
    'tags.0.match: never applies: "deny" of this upstream (acme/*) refuses its repositories',
  ]);
  expect(ofRepositories('acme/**', { deny: ['**'] })).toHaveLength(1);
});

test.each([
  ['acme/**', {}],
  ['acme/**', { allow: [] }],
  ['**', { allow: ['library/**'] }],
  ['library/*:1', { allow: ['library/node'], deny: ['library/x'] }],
  ['acme/**', { deny: ['acme/app'] }],
  ['acme/app', { allow: 'words', deny: 7 }],
])('a rule of %s may apply at %j', (match, upstream) => {
  expect(ofRepositories(match, upstream)).toEqual([]);
});
