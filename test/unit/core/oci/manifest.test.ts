import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDescriptor } from '../../../../functions/core/oci/descriptor.ts';
import {
  manifestMediaType,
  readManifest,
  storedMediaType,
} from '../../../../functions/core/oci/manifest.ts';
import { essence, mediaType } from '../../../../functions/core/oci/media-type.ts';
import { attestationOf, signatureOf } from '../../../standins/images/attestation.ts';
import type { Content } from '../../../standins/images/content.ts';
import { makeImage } from '../../../standins/images/image.ts';
import { makeIndex } from '../../../standins/images/image-index.ts';
import { textLayer } from '../../../standins/images/layer.ts';

const image = makeImage({ layers: [textLayer({ a: 'a' }), textLayer({ b: 'b' })] });
const dockerImage = makeImage({ layers: [textLayer({ a: 'a' })], mediaTypes: 'docker' });
const index = makeIndex([{ item: image, platform: 'linux/amd64' }, attestationOf(image.manifest)]);

const read = (content: Content) =>
  readManifest({ bytes: new Uint8Array(content.bytes), mediaType: content.mediaType });
const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const readJson = (value: unknown, type: string = mediaType.ociManifest) =>
  readManifest({ bytes: json(value), mediaType: type });

describe('the contents of a manifest', () => {
  it.each([image, dockerImage])('are config and layers of an image', (one) => {
    const contents = read(one.manifest);
    expect(contents?.kind).toBe('image');
    expect(contents?.manifests).toEqual([]);
    expect(contents?.blobs.map((blob) => blob.digest)).toEqual(
      [one.config, ...one.layers].map((blob) => blob.digest),
    );
  });

  it('are manifests and no blobs of an index', () => {
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
  ])('mark what no client runs by its platform: %s', (platform, isUnrunnable) => {
    const one = makeIndex([{ item: image, ...(platform !== undefined && { platform }) }]);
    expect(read(one.manifest)?.manifests[0]?.isUnrunnable).toBe(isUnrunnable);
  });

  it('have subject, type and annotations of an artifact', () => {
    const contents = read(signatureOf(index.manifest, 'application/x').manifest);
    expect(contents?.subject?.digest).toBe(index.manifest.digest);
    expect(contents?.artifactType).toBe('application/x');
    expect(contents?.annotations).toEqual({
      'org.opencontainers.image.created': '2026-01-01T00:00:00Z',
    });
  });

  it("have the config's type for an image without an artifact type, and none for an index", () => {
    expect(read(image.manifest)?.artifactType).toBe(image.config.mediaType);
    expect(read(index.manifest)?.artifactType).toBeUndefined();
  });

  it('are undefined for bytes that are not a manifest', () => {
    expect(readJson({ schemaVersion: 1 })).toBeUndefined();
    for (const value of [null, [], 'text', 5]) expect(readJson(value)).toBeUndefined();
    const html = new TextEncoder().encode('<html>');
    expect(readManifest({ bytes: html, mediaType: mediaType.ociManifest })).toBeUndefined();
  });

  it('leave out what no client could fetch', () => {
    const good = { mediaType: 'a', digest: image.config.digest, size: 3 };
    const bad = [{ ...good, size: -1 }, { ...good, size: '3' }, { ...good, digest: 'x' }, null, 7];
    expect(readJson({ config: good, layers: bad })?.blobs).toEqual([good]);
  });

  it('keep urls, which mark foreign layers', () => {
    const digest = image.config.digest;
    const layer = { mediaType: 'a', digest, size: 0, urls: ['https://example.test/a'] };
    expect(readJson({ layers: [layer] })?.blobs).toEqual([layer]);
    expect(readDescriptor({ ...layer, urls: [] })?.urls).toBeUndefined();
  });

  it('have no duplicate blobs, and prefer one without urls', () => {
    const blob = { mediaType: 'a', digest: image.config.digest, size: 3 };
    const foreign = { ...blob, urls: ['https://example.test/a'] };
    for (const layers of [
      [blob, blob, foreign],
      [foreign, blob, foreign],
    ]) {
      expect(readJson({ layers })?.blobs).toEqual([blob]);
    }
  });

  it('have a limited number of blobs, and say if there are more', () => {
    const blob = (at: number) => ({
      mediaType: 'a',
      digest: `sha256:${String(at).padStart(64, '0')}`,
      size: 1,
    });
    const layers = (count: number) => Array.from({ length: count }, (_, at) => blob(at));
    const whole = readJson({ layers: [...layers(500), ...layers(500)] });
    expect(whole?.blobs).toHaveLength(500);
    expect(whole?.hasMore).toBeUndefined();
    const repeated = readJson({ config: blob(0), layers: [...layers(500), ...layers(500)] });
    expect(repeated?.blobs).toHaveLength(500);
    expect(repeated?.hasMore).toBe(true);
    const cut = readJson({ layers: layers(29_000) });
    expect(cut?.blobs).toEqual(layers(1_000));
    expect(cut?.hasMore).toBe(true);
  });

  it('have no type of a blob or artifact that is unsafe in a list', () => {
    const blob = { digest: image.config.digest, size: 3 };
    for (const bad of ['a\r\nb', '\u0000', '\u00e9', 'x'.repeat(256)]) {
      const read = readDescriptor({ ...blob, mediaType: bad, artifactType: bad });
      expect(read).toEqual({ ...blob, mediaType: '' });
      expect(readJson({ artifactType: bad, layers: [] })?.artifactType).toBeUndefined();
    }
    const good = { ...blob, mediaType: 'text/spdx; a="b c"', artifactType: 'sbom' };
    expect(readDescriptor(good)).toEqual(good);
  });

  it('are read from any JSON without throwing', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(...Object.values(mediaType)), (text, type) => {
        readManifest({ bytes: new TextEncoder().encode(text), mediaType: type });
      }),
    );
  });
});

describe('the media type of a manifest', () => {
  const ofImage = new Uint8Array(image.manifest.bytes);
  it("is the upstream's, without parameters", () => {
    const said = `${mediaType.dockerManifest}; charset=utf-8`;
    expect(manifestMediaType(said, ofImage)).toBe(mediaType.dockerManifest);
  });
  it.each(['application/json', 'application/octet-stream', 'text/plain; charset=utf-8', ''])(
    'is what the body says, where the upstream says %s',
    (said) => expect(manifestMediaType(said, ofImage)).toBe(mediaType.ociManifest),
  );
  it('is guessed from the members of a body that does not state it', () => {
    const digest = image.config.digest;
    const config = { mediaType: 'a', digest, size: 1 };
    expect(manifestMediaType('', json({ manifests: [] }))).toBe(mediaType.ociIndex);
    expect(manifestMediaType('', json({ config, layers: [] }))).toBe(mediaType.ociManifest);
    expect(manifestMediaType('', json({ blobs: [] }))).toBe(mediaType.ociArtifact);
    expect(manifestMediaType('Text/HTML', json('x'))).toBe('application/json');
  });

  const unfit = [
    'application/x\r\nSet-Cookie: a=b',
    'application/x\u0000+json',
    'application/\u00e9\u20ac+json',
    'text/html',
    'image/svg+xml',
    'application/xhtml+xml',
    'application/json/json',
    'application/a b+json',
    '/json',
    `application/${'x'.repeat(123)}+json`,
    `application/${'x'.repeat(1_000_000)}+json`,
    7,
    null,
  ];
  it('is never unsafe in a header or a browser', () => {
    const config = { mediaType: 'a', digest: image.config.digest, size: 1 };
    for (const said of unfit) {
      const body = { schemaVersion: 2, mediaType: said, config, layers: [] };
      for (const type of ['application/json', String(said)]) {
        expect(manifestMediaType(type, json(body))).toBe(mediaType.ociManifest);
        const formless = { ...body, layers: undefined };
        expect(manifestMediaType(type, json(formless))).toBe('application/json');
      }
    }
  });

  it('may be another JSON type', () => {
    for (const name of ['vnd.example.manifest.v1+json', `${'x'.repeat(122)}+json`]) {
      const said = `application/${name}`;
      expect(manifestMediaType('', json({ mediaType: said, manifests: [] }))).toBe(said);
      expect(manifestMediaType(said, json({}))).toBe(said);
    }
  });

  it('stays the same when it is read again', () => {
    const config = { mediaType: 'a', digest: image.config.digest, size: 1 };
    for (const said of unfit) {
      for (const form of [{}, { manifests: [] }, { config, layers: [] }]) {
        const bytes = json({ mediaType: said, ...form });
        const type = manifestMediaType('text/plain', bytes);
        expect(storedMediaType(type, bytes)).toBe(type);
        expect(storedMediaType(String(said), bytes)).toBe(storedMediaType('', bytes));
      }
    }
  });
  it('has an essence', () => expect(essence(' Text/Plain ; a=b')).toBe('text/plain'));
});
