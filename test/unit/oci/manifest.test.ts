import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDescriptor } from '../../../functions/core/oci/descriptor.ts';
import { manifestMediaType, readManifest } from '../../../functions/core/oci/manifest.ts';
import { essence, mediaType } from '../../../functions/core/oci/media-type.ts';
import { attestationOf, signatureOf } from '../../images/attestation.ts';
import type { Content } from '../../images/content.ts';
import { makeImage } from '../../images/image.ts';
import { makeIndex } from '../../images/image-index.ts';
import { textLayer } from '../../images/layer.ts';

const image = makeImage({ layers: [textLayer({ a: 'a' }), textLayer({ b: 'b' })] });
const dockerImage = makeImage({ layers: [textLayer({ a: 'a' })], mediaTypes: 'docker' });
const index = makeIndex([{ item: image, platform: 'linux/amd64' }, attestationOf(image.manifest)]);

const read = (content: Content) =>
  readManifest({ bytes: new Uint8Array(content.bytes), mediaType: content.mediaType });
const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const readJson = (value: unknown, type: string = mediaType.ociManifest) =>
  readManifest({ bytes: json(value), mediaType: type });

describe('what a manifest names', () => {
  it.each([image, dockerImage])('is config and layers of an image', (one) => {
    const contents = read(one.manifest);
    expect(contents?.kind).toBe('image');
    expect(contents?.manifests).toEqual([]);
    expect(contents?.blobs.map((blob) => blob.digest)).toEqual(
      [one.config, ...one.layers].map((blob) => blob.digest),
    );
  });

  it('is manifests and no blobs of an index', () => {
    const contents = read(index.manifest);
    expect(contents?.kind).toBe('index');
    expect(contents?.blobs).toEqual([]);
    expect(contents?.manifests.map((child) => child.digest)).toEqual(
      index.children.map((child) => child.manifest.digest),
    );
  });

  it.each([
    ['linux/amd64', undefined],
    ['unknown/unknown', true],
    [undefined, undefined],
  ])('tells what nobody runs by its platform: %s', (platform, isUnrunnable) => {
    const one = makeIndex([{ item: image, ...(platform !== undefined && { platform }) }]);
    expect(read(one.manifest)?.manifests[0]?.isUnrunnable).toBe(isUnrunnable);
  });

  it('is subject, type and annotations of an artifact', () => {
    const contents = read(signatureOf(index.manifest, 'application/x').manifest);
    expect(contents?.subject?.digest).toBe(index.manifest.digest);
    expect(contents?.artifactType).toBe('application/x');
    expect(contents?.annotations).toEqual({
      'org.opencontainers.image.created': '2026-01-01T00:00:00Z',
    });
  });

  it("is the config's type where an image states no artifact type, and none for an index", () => {
    expect(read(image.manifest)?.artifactType).toBe(image.config.mediaType);
    expect(read(index.manifest)?.artifactType).toBeUndefined();
  });

  it('is nothing where the bytes are no manifest', () => {
    expect(readJson({ schemaVersion: 1 })).toBeUndefined();
    for (const value of [null, [], 'text', 5]) expect(readJson(value)).toBeUndefined();
    const html = new TextEncoder().encode('<html>');
    expect(readManifest({ bytes: html, mediaType: mediaType.ociManifest })).toBeUndefined();
  });

  it('leaves out what no client could fetch', () => {
    const good = { mediaType: 'a', digest: image.config.digest, size: 3 };
    const bad = [{ ...good, size: -1 }, { ...good, size: '3' }, { ...good, digest: 'x' }, null, 7];
    expect(readJson({ config: good, layers: bad })?.blobs).toEqual([good]);
  });

  it('keeps urls, so that foreign layers are known', () => {
    const digest = image.config.digest;
    const layer = { mediaType: 'a', digest, size: 0, urls: ['https://example.test/a'] };
    expect(readJson({ layers: [layer] })?.blobs).toEqual([layer]);
    expect(readDescriptor({ ...layer, urls: [] })?.urls).toBeUndefined();
  });

  it('is each blob once, and one that is named without urls as such', () => {
    const blob = { mediaType: 'a', digest: image.config.digest, size: 3 };
    const foreign = { ...blob, urls: ['https://example.test/a'] };
    for (const layers of [
      [blob, blob, foreign],
      [foreign, blob, foreign],
    ]) {
      expect(readJson({ layers })?.blobs).toEqual([blob]);
    }
  });

  it('is a bounded number of blobs, and that there are more', () => {
    const blob = (at: number) => ({
      mediaType: 'a',
      digest: `sha256:${String(at).padStart(64, '0')}`,
      size: 1,
    });
    const layers = (count: number) => Array.from({ length: count }, (_, at) => blob(at));
    const whole = readJson({ layers: [...layers(1_000), ...layers(1_000)] });
    expect(whole?.blobs).toHaveLength(1_000);
    expect(whole?.hasMore).toBeUndefined();
    const cut = readJson({ layers: layers(29_000) });
    expect(cut?.blobs).toEqual(layers(1_000));
    expect(cut?.hasMore).toBe(true);
  });

  it('is read from any JSON without a throw', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(...Object.values(mediaType)), (text, type) => {
        readManifest({ bytes: new TextEncoder().encode(text), mediaType: type });
      }),
    );
  });
});

describe('the media type of a manifest', () => {
  const ofImage = new Uint8Array(image.manifest.bytes);
  it('is what the upstream says, without parameters', () => {
    const said = `${mediaType.dockerManifest}; charset=utf-8`;
    expect(manifestMediaType(said, ofImage)).toBe(mediaType.dockerManifest);
  });
  it.each(['application/json', 'application/octet-stream', 'text/plain; charset=utf-8', ''])(
    'is what the body says, where the upstream says %s',
    (said) => expect(manifestMediaType(said, ofImage)).toBe(mediaType.ociManifest),
  );
  it('is told from the form of a body that does not say', () => {
    const digest = image.config.digest;
    const config = { mediaType: 'a', digest, size: 1 };
    expect(manifestMediaType('', json({ manifests: [] }))).toBe(mediaType.ociIndex);
    expect(manifestMediaType('', json({ config, layers: [] }))).toBe(mediaType.ociManifest);
    expect(manifestMediaType('Text/HTML', json('x'))).toBe('text/html');
  });
  it('has an essence', () => expect(essence(' Text/Plain ; a=b')).toBe('text/plain'));
});
