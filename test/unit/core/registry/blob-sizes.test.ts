import { expect, test } from 'vitest';
import { ManifestSizes } from '../../../../functions/core/registry/blob-sizes.ts';

const mediaType = 'application/vnd.docker.distribution.manifest.v2+json';
const blob = (digit: string, size: number, urls?: string[]) => ({
  mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  digest: `sha256:${digit.repeat(64)}`,
  size,
  ...(urls !== undefined && { urls }),
});

const answerFor = (layers: readonly object[], digest: string) => ({
  headers: { 'content-type': mediaType, 'docker-content-digest': digest },
  body: new TextEncoder().encode(
    JSON.stringify({ schemaVersion: 2, mediaType, config: blob('0', 10), layers }),
  ),
});

test('the config and the layers count, but not what the client fetches elsewhere', () => {
  const layers = [blob('1', 300), blob('2', 200), blob('3', 9_000, ['https://elsewhere.example'])];
  const sizes = new ManifestSizes(() => 0);
  expect(sizes.of(answerFor(layers, 'one'))).toEqual({ largest: 300, sum: 510 });
});

test('a manifest is read once, and what is none names no blobs', () => {
  const sizes = new ManifestSizes(() => 0);
  const answer = answerFor([blob('1', 300)], 'one');
  const first = sizes.of(answer);
  expect(sizes.of({ ...answer, body: new TextEncoder().encode('{') })).toBe(first);
  const other = {
    ...answer,
    headers: { 'content-type': mediaType, 'docker-content-digest': 'two' },
  };
  expect(sizes.of({ ...other, body: new TextEncoder().encode('{') })).toEqual({
    largest: 0,
    sum: 0,
  });
});
