import { describe, expect, test } from 'vitest';
import { readManifest } from '../../../../functions/core/oci/manifest.ts';
import { imageOf, madeDigest, manifestOf } from '../../../contract/made-content.ts';
import { sharedWorkerd } from '../../../standins/workerd/shared-workerd.ts';

const { manifests, told } = sharedWorkerd();
const alpine = { registry: 'docker.io', name: 'library/alpine' };
const debian = { registry: 'docker.io', name: 'library/debian' };

const layer = 'application/vnd.oci.image.layer.v1.tar+gzip';

async function bucketKeys(): Promise<string[]> {
  return (await told().objects()).map(({ key }) => key);
}

async function rowsOf(table: string): Promise<number> {
  const [rows = []] = await told().run([{ sql: `SELECT count(*) AS n FROM ${table}` }]);
  return Number(rows[0]?.n);
}

/** How often D1 and R2 were called meanwhile. */
async function callsOf(work: () => Promise<unknown>): Promise<number> {
  const before = await told().calls();
  await work();
  return (await told().calls()) - before;
}

describe('the index over D1', () => {
  test('what a warm pull asks is one call each, and so is every write', async () => {
    const store = manifests();
    const { manifest, contents } = imageOf('one', ['a', 'b']);
    const { digest, mediaType } = manifest;
    const record = {
      digest,
      mediaType,
      size: 1,
      firstSeen: 1,
      changed: 1,
      checked: 1,
      history: [],
    };
    const location = { url: 'https://cdn/x', expires: Date.now() + 60_000 };
    const page = { limit: 5, last: undefined };
    const work = [
      () => store.putManifest(alpine, manifest, contents, 1),
      () => store.putTag(alpine, '3', record),
      () => store.getTag(alpine, '3'),
      () => store.getManifest(alpine, digest),
      () => store.findManifest(digest, alpine.registry),
      () => store.getBlobEntry(alpine, madeDigest('a')),
      () => store.markPulled(alpine, digest, 9),
      () => store.markComplete(alpine, digest, 9),
      () => store.putUpstreamLocation(alpine, digest, location),
      () => store.getUpstreamLocation(alpine, digest),
      () => store.listTags(alpine, page),
      () => store.listRepositories(page),
    ];
    for (const one of work) expect(await callsOf(one), one.toString()).toBe(1);
    const { manifest: two } = imageOf('two', []);
    await store.putManifest(alpine, two, undefined, 1);
    expect(await callsOf(() => store.removeManifest(alpine, digest))).toBe(1);
    // The repository's lists go with its last manifest.
    expect(await callsOf(() => store.removeManifest(alpine, two.digest))).toBe(2);
  });

  test('a manifest of 3,000 layers with annotations has all its entries', async () => {
    const layers = Array.from({ length: 3000 }, (_, at) => ({
      mediaType: layer,
      digest: madeDigest(`layer ${at}`),
      size: at,
      annotations: { note: 'é'.repeat(300) },
    }));
    const config = { mediaType: 'config', digest: madeDigest('config'), size: 2 };
    const text = JSON.stringify({ schemaVersion: 2, config, layers });
    const manifest = manifestOf(new TextEncoder().encode(text));
    expect(manifest.bytes.byteLength).toBeLessThan(4_393_216);
    const store = manifests();
    await store.putManifest(alpine, manifest, readManifest(manifest, 3001), 1);
    for (const at of [0, 1500, 2999]) {
      expect(await store.getBlobEntry(alpine, madeDigest(`layer ${at}`))).toEqual(layers[at]);
    }
    expect(await rowsOf('blob_entries')).toBe(3001);
    await store.removeManifest(alpine, manifest.digest);
    expect(await rowsOf('blob_entries')).toBe(0);
    expect(await bucketKeys()).toEqual([]);
  });

  test('a descriptor that is larger than a row keeps what serves the blob', async () => {
    const huge = {
      mediaType: layer,
      digest: madeDigest('huge'),
      size: 3,
      annotations: { note: 'x'.repeat(3_000_000) },
    };
    const text = JSON.stringify({ schemaVersion: 2, config: huge, layers: [] });
    const manifest = manifestOf(new TextEncoder().encode(text));
    const store = manifests();
    await store.putManifest(alpine, manifest, readManifest(manifest), 1);
    const { annotations, ...kept } = huge;
    expect(annotations.note).toHaveLength(3_000_000);
    expect(await store.getBlobEntry(alpine, huge.digest)).toEqual(kept);
  });

  test.each([
    ['no text', new Uint8Array([0xff, 0xfe, 0x00, 0x80])],
    ['text with a byte order mark', new TextEncoder().encode('\ufeff{}')],
    ['text with a NUL', new TextEncoder().encode('{"a":"\u0000"}')],
    ['quotes and other scripts', new TextEncoder().encode(`{"a'":"\u{1f40b} \\ü -- ;"}`)],
  ])('bytes that are %s come back as they were', async (_, bytes) => {
    const manifest = manifestOf(bytes);
    const store = manifests();
    await store.putManifest(alpine, manifest, undefined, 1);
    expect((await store.getManifest(alpine, manifest.digest))?.bytes).toEqual(bytes);
  });

  test('a large manifest is in the bucket until its last repository is gone', async () => {
    const manifest = manifestOf(new Uint8Array(600_000).fill(97));
    const store = manifests();
    await store.putManifest(alpine, manifest, undefined, 1);
    await store.putManifest(debian, manifest, undefined, 1);
    expect(await bucketKeys()).toEqual([`index/${manifest.digest}`]);
    await store.removeManifest(alpine, manifest.digest);
    expect((await store.findManifest(manifest.digest, debian.registry))?.bytes).toHaveLength(
      600_000,
    );
    await store.removeManifest(debian, manifest.digest);
    expect(await bucketKeys()).toEqual([]);
    expect(await rowsOf('manifest_texts')).toBe(0);
  });

  test('a manifest whose bytes are gone from the bucket is not there, and can be put again', async () => {
    const manifest = manifestOf(new Uint8Array(600_000).fill(98));
    const store = manifests();
    await store.putManifest(alpine, manifest, undefined, 1);
    await told().deleteObject(`index/${manifest.digest}`);
    expect(await store.getManifest(alpine, manifest.digest)).toBeUndefined();
    await store.putManifest(alpine, manifest, undefined, 1);
    expect((await store.getManifest(alpine, manifest.digest))?.bytes).toHaveLength(600_000);
  });

  test.each([
    [10_000, 0],
    [100_000, 1],
  ])('a list of %d tags is kept, with %d value in the bucket', async (count, inBucket) => {
    const tags = Array.from({ length: count }, (_, at) => `v1.2.${at}-alpine3.20`);
    const store = manifests();
    await store.putTagList(alpine, { tags, checked: 5 });
    expect(await store.getTagList(alpine)).toEqual({ tags, checked: 5 });
    expect(await bucketKeys()).toHaveLength(inBucket);
    await store.putTagList(alpine, { tags: ['a'], checked: 6 });
    expect(await store.getTagList(alpine)).toEqual({ tags: ['a'], checked: 6 });
  });

  test.each(['https://cdn/x', undefined])('an upstream sends clients to %s', async (url) => {
    const location = { url, expires: Date.now() + 60_000 };
    await manifests().putUpstreamLocation(alpine, madeDigest('a'), location);
    expect(await manifests().getUpstreamLocation(alpine, madeDigest('a'))).toEqual(location);
  });

  test('redirects that ended do not pile up', async () => {
    const store = manifests();
    for (let at = 0; at < 5; at++) {
      const ended = { url: 'https://cdn/x', expires: Date.now() - 1 };
      await store.putUpstreamLocation(alpine, madeDigest(`${at}`), ended);
    }
    expect(await rowsOf('upstream_locations')).toBe(0);
  });
});
