import { expect, test } from 'vitest';
import type { Repository } from '../../functions/core/oci/repository.ts';
import type { ManifestStore, TagRecord } from '../../functions/core/ports/manifest-store.ts';
import { imageOf, madeDigest } from './made-content.ts';

const alpine: Repository = { registry: 'docker.io', name: 'library/alpine' };

const tag: TagRecord = {
  digest: madeDigest('a'),
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  size: 500,
  firstSeen: 1,
  changed: 2,
  checked: 10,
  history: [],
};

/** Tests that a ManifestStore gives out no media type that must not leave, whatever is in it. */
export function testStoredTypes(store: () => ManifestStore): void {
  // A former version stored what a manifest said of itself.
  test.each([
    ['CR and LF', 'application/x\r\nSet-Cookie: a=b'],
    ['letters beyond ASCII', 'application/x\u00e9\u20ac+json'],
    ['markup', 'text/html'],
    ['great length', `application/${'x'.repeat(100_000)}+json`],
  ])('a stored media type that must not be sent is mended: %s', async (_, bad) => {
    const { manifest, contents } = imageOf('one', ['layer']);
    await store().putManifest(alpine, { ...manifest, mediaType: bad }, contents, 1);
    const mended = { mediaType: 'application/vnd.oci.image.manifest.v1+json' };
    expect(await store().getManifest(alpine, manifest.digest)).toMatchObject(mended);
    expect(await store().findManifest(manifest.digest, alpine.registry)).toMatchObject(mended);
    await store().putTag(alpine, '3', { ...tag, mediaType: bad });
    expect(await store().getTag(alpine, '3')).toEqual({ ...tag, mediaType: '' });
  });

  test('what a bad descriptor says of its types is left out when it is read', async () => {
    const { manifest, contents, blobs } = imageOf('one', ['layer']);
    const bad = 'a\r\nb\u00e9';
    const badly = blobs.map((blob) => ({ ...blob, mediaType: bad, artifactType: bad }));
    await store().putManifest(alpine, manifest, contents && { ...contents, blobs: badly }, 1);
    for (const { digest, size } of blobs) {
      expect(await store().getBlobEntry(alpine, digest)).toEqual({ digest, size, mediaType: '' });
    }
    const subject = madeDigest('subject');
    await store().putReferrers(alpine, subject, { manifests: badly, checked: 5 });
    expect(await store().getReferrers(alpine, subject)).toEqual({
      manifests: blobs.map(({ digest, size }) => ({ digest, size, mediaType: '' })),
      checked: 5,
    });
  });
}
