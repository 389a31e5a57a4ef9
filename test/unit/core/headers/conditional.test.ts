import { expect, test } from 'vitest';
import {
  entityTag,
  isNotModified,
  rangeApplies,
} from '../../../../functions/core/headers/conditional.ts';
import { madeDigest } from '../../../contract/made-content.ts';

const [digest, other] = [madeDigest('a'), madeDigest('b')];
const tag = entityTag(digest);

test.each([
  [undefined, false],
  ['*', true],
  [' * ', true],
  [tag, true],
  [`W/${tag}`, true],
  [`${entityTag(other)}, ${tag}`, true],
  [entityTag(other), false],
  [digest, false],
  ['', false],
])('If-None-Match %s: not modified %s', (header, is) => {
  expect(isNotModified(header, digest)).toBe(is);
});

test.each([
  [undefined, true],
  [tag, true],
  [` ${tag} `, true],
  [`W/${tag}`, false],
  [entityTag(other), false],
  ['Tue, 01 Dec 2026 00:00:00 GMT', false],
])('If-Range %s: the range applies %s', (header, does) => {
  expect(rangeApplies(header, digest)).toBe(does);
});
