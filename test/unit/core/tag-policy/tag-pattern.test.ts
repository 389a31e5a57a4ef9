import { expect, it } from 'vitest';
import { TagPattern } from '../../../../functions/core/tag-policy/tag-pattern.ts';

it.each([
  ['library/**', 'library/app', '1', true],
  ['library/**', 'acme/app', '1', false],
  ['library/postgres:16*', 'library/postgres', '16.2', true],
  ['library/postgres:16*', 'library/postgres', '15', false],
  ['**:nightly*', 'acme/app', 'nightly-1', true],
  ['acme/*:prod', 'acme/team/app', 'prod', false],
  ['acme/*', 'acme/app', 'anything', true],
])('%s: %s:%s is %s', (pattern, repository, tag, matches) => {
  expect(new TagPattern(pattern).test(repository, tag)).toBe(matches);
});

it('may match a repository whatever its tags are', () => {
  const pattern = new TagPattern('library/postgres:16*');
  expect(pattern.mayMatch('library/postgres')).toBe(true);
  expect(pattern.mayMatch('library/mysql')).toBe(false);
});
