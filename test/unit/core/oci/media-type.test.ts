import { expect, test } from 'vitest';
import {
  acceptManifests,
  essence,
  isIndexType,
  isManifestType,
  mediaType,
  safeType,
} from '../../../../functions/core/oci/media-type.ts';

test('the manifests that are read, and which of them are indexes', () => {
  const types = Object.values(mediaType);
  expect(types.every(isManifestType)).toBe(true);
  expect(isManifestType('application/json')).toBe(false);
  expect(types.filter(isIndexType)).toEqual([mediaType.dockerManifestList, mediaType.ociIndex]);
  expect(acceptManifests.split(', ')).toEqual([...types, '*/*;q=0.1']);
});

test.each([
  ['application/json', true],
  ['application/vnd.a-b.c+json', true],
  [`application/${'a'.repeat(123)}json`, true],
  [`application/${'a'.repeat(124)}json`, false],
  ['application/+json', false],
  ['Application/json', false],
  ['text/json', false],
  ['application/json; charset=utf-8', false],
  ['application/jsonp', false],
  ['', false],
])('%s may be sent: %s', (type, isSafe) => {
  expect(safeType(type)).toBe(isSafe ? type : '');
});

test.each([
  ['Application/JSON; charset=utf-8', 'application/json'],
  [' a/b ', 'a/b'],
  [';x', ''],
])('the type of "%s"', (text, type) => {
  expect(essence(text)).toBe(type);
});
