import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { attestationOf, signatureOf } from '../images/attestation.ts';
import { digestOf, fileContent } from '../images/content.ts';
import { randomFileLayer } from '../images/file-layer.ts';
import { makeImage } from '../images/image.ts';
import { makeIndex } from '../images/image-index.ts';
import { randomLayer, textLayer } from '../images/layer.ts';

const json = (bytes: Uint8Array): unknown => JSON.parse(Buffer.from(bytes).toString());

describe('layers', () => {
  test('are the same for the same seed and other for another', () => {
    expect(randomLayer(1, 5000)).toEqual(randomLayer(1, 5000));
    expect(randomLayer(1, 5000).digest).not.toBe(randomLayer(2, 5000).digest);
  });

  test('have the digest of their bytes and the diff ID of their archive', () => {
    const one = textLayer({ 'etc/motd': 'hello\n' });
    expect(one.digest).toBe(digestOf(one.bytes));
    const archive = gunzipSync(one.bytes);
    expect(one.diffId).toBe(digestOf(archive));
    expect(archive.length % 512).toBe(0);
    expect(archive.subarray(0, 8).toString()).toBe('etc/motd');
    expect(archive.subarray(257, 265).toString('latin1')).toBe('ustar\u000000');
    expect(archive.subarray(512, 518).toString()).toBe('hello\n');
    const header = Buffer.from(archive.subarray(0, 512)).fill(' ', 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    expect(Number.parseInt(archive.subarray(148, 154).toString(), 8)).toBe(sum);
  });

  test('of random bytes do not compress', () => {
    expect(randomLayer(1, 100_000).size).toBeGreaterThan(100_000);
  });

  test('in a file hold what they say', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'standin-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const one = await randomFileLayer(join(folder, 'layer'), 7, 3_000_000);
    const bytes = await readFile(one.path);
    expect(one.size).toBe(bytes.length);
    expect(one.digest).toBe(digestOf(bytes));
    expect(one.diffId).toBe(digestOf(gunzipSync(bytes)));
    expect((await fileContent(one.path)).digest).toBe(one.digest);
  });
});

describe('images', () => {
  const layers = [textLayer({ a: '1' }), textLayer({ b: '2' })];

  test.each([
    ['oci', 'application/vnd.oci.image.', 'layer.v1.tar+gzip'],
    ['docker', 'application/vnd.docker.', 'image.rootfs.diff.tar.gzip'],
  ] as const)('of the %s family name their parts with its types', (mediaTypes, prefix, tar) => {
    const image = makeImage({ layers, mediaTypes, env: ['A=1'], entrypoint: ['/a'] });
    expect(image.manifest.mediaType.startsWith(prefix)).toBe(true);
    expect(json(image.manifest.bytes)).toMatchObject({
      mediaType: image.manifest.mediaType,
      config: { digest: image.config.digest, size: image.config.size },
      layers: layers.map(({ digest, size }) => ({ mediaType: `${prefix}${tar}`, digest, size })),
    });
    expect(json(image.config.bytes)).toMatchObject({
      config: { Env: ['A=1'], Entrypoint: ['/a'] },
      rootfs: { diff_ids: layers.map((one) => one.diffId) },
    });
  });

  // The tests of large images make them.
  test('have as many bytes as they are to have', () => {
    const image = makeImage({
      layers: Array.from({ length: 8 }, (_, seed) => randomLayer(seed, 11_900_000)),
    });
    expect(image.layers.reduce((sum, one) => sum + one.size, 0)).toBeGreaterThan(95_000_000);
  });

  test('stand in indexes, with attestations and nested ones', () => {
    const amd = makeImage({ layers });
    const arm = makeImage({ layers, architecture: 'arm64' });
    const inner = makeIndex([{ item: arm, platform: 'linux/arm64/v8' }]);
    const attestation = attestationOf(amd.manifest);
    const index = makeIndex([{ item: amd, platform: 'linux/amd64' }, attestation, { item: inner }]);
    expect(json(index.manifest.bytes)).toMatchObject({
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [
        { digest: amd.manifest.digest, platform: { os: 'linux', architecture: 'amd64' } },
        {
          digest: attestation.item.manifest.digest,
          platform: { os: 'unknown', architecture: 'unknown' },
          annotations: {
            'vnd.docker.reference.type': 'attestation-manifest',
            'vnd.docker.reference.digest': amd.manifest.digest,
          },
        },
        { digest: inner.manifest.digest, mediaType: inner.manifest.mediaType },
      ],
    });
  });

  test('can be signed', () => {
    const { manifest } = makeImage({ layers });
    const signature = signatureOf(manifest, 'application/x-signature');
    expect(json(signature.manifest.bytes)).toMatchObject({
      artifactType: 'application/x-signature',
      config: { mediaType: 'application/vnd.oci.empty.v1+json', size: 2 },
      subject: { digest: manifest.digest },
    });
    expect(createHash('sha256').update('{}').digest('hex')).toBe(signature.config.digest.slice(7));
  });
});
