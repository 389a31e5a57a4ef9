import { expect, test } from 'vitest';
import { indexPlatforms } from '../../../../functions/core/oci/index-platforms.ts';
import { madeDigest } from '../../../contract/made-content.ts';

const entry = (name: string, platform: unknown) => ({
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  digest: madeDigest(name),
  size: 5,
  platform,
});

test('the manifests in an index with their platforms', () => {
  const manifests = [
    entry('a', { os: 'linux', architecture: 'arm', variant: 'v7' }),
    entry('b', { os: 'windows', architecture: 'amd64', 'os.version': '10.0' }),
    entry('attestation', { os: 'unknown', architecture: 'unknown' }),
    entry('none', undefined),
    entry('odd', { os: 1, architecture: [] }),
    { digest: 'sha256:short', platform: { os: 'linux', architecture: 'arm' } },
  ];
  const bytes = new TextEncoder().encode(JSON.stringify({ manifests }));
  expect([...indexPlatforms(bytes)]).toEqual([
    [madeDigest('a'), 'linux/arm/v7'],
    [madeDigest('b'), 'windows/amd64'],
    [madeDigest('attestation'), ''],
    [madeDigest('none'), ''],
    [madeDigest('odd'), ''],
  ]);
});

test.each(['', '{}', '[]', '{"manifests": 5}', '{"manifests": null}'])('%s has none', (text) => {
  expect(indexPlatforms(new TextEncoder().encode(text)).size).toBe(0);
});
