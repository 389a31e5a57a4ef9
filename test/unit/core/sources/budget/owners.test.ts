import { expect, test } from 'vitest';
import {
  accountOf,
  anonymous,
  mostSources,
  ownerOf,
} from '../../../../../functions/core/sources/budget/owners.ts';

test('an account owns its limit, whichever address it is used from', () => {
  expect(ownerOf('ci', '192.0.2.1')).toBe('ci');
  expect(ownerOf(anonymous, undefined)).toBe(anonymous);
});

test('a source address is one of 64 numbers, always the same', () => {
  const owners = Array.from({ length: 2000 }, (_, at) => ownerOf(anonymous, `192.0.2.${at}`));
  expect(new Set(owners).size).toBe(mostSources);
  for (const owner of owners) expect(owner).toMatch(/^anonymous ([0-9]|[1-5][0-9]|6[0-3])$/);
  expect(ownerOf(anonymous, '192.0.2.1')).toBe(owners[1]);
});

test('instances of other versions compute the same number', () => {
  const owners = ['', '192.0.2.1', '2001:db8::1'].map((source) => ownerOf(anonymous, source));
  expect(owners).toEqual(['anonymous 25', 'anonymous 52', 'anonymous 40']);
});

test('an owner belongs to its account', () => {
  expect(accountOf(ownerOf(anonymous, '192.0.2.1'))).toBe(anonymous);
  expect([accountOf(anonymous), accountOf('ci'), accountOf('anonymously')]).toEqual([
    anonymous,
    'ci',
    'anonymously',
  ]);
});
