import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { attestationOf } from '../../standins/images/attestation.ts';
import { type Image, makeImage } from '../../standins/images/image.ts';
import { type ImageIndex, makeIndex } from '../../standins/images/image-index.ts';
import { busyboxEntries, type Layer, layer, zstdLayer } from '../../standins/images/layer.ts';
import { randomBytes } from '../../standins/images/random-bytes.ts';
import { tar } from '../../standins/images/tar.ts';
import { binary } from './binary.ts';

const dataBytes = 3_000_000;

/** This machine's architecture in Go's words. */
export const goArchitecture: string = process.arch === 'x64' ? 'amd64' : process.arch;

/** A runnable image that shares no layer with one of another name: its file `/name` says it. */
export function appImage(name: string, forArchitecture = goArchitecture): Image<Layer> {
  return makeImage({ layers: [rootLayer(name), dataLayer(name)], architecture: forArchitecture });
}

/** An image with Docker's media types. */
export function dockerImage(name: string): Image<Layer> {
  return makeImage({
    layers: [rootLayer(name), dataLayer(name)],
    architecture: goArchitecture,
    mediaTypes: 'docker',
  });
}

/** An image whose second layer is compressed by zstd. */
export function zstdImage(name: string): Image<Layer> {
  const archive = tar([{ kind: 'file', name: 'data', data: dataOf(name) }]);
  const packed = spawnSync(binary('zstd'), ['-c'], { input: archive, maxBuffer: 1 << 26 });
  return makeImage({
    layers: [rootLayer(name), zstdLayer(archive, packed.stdout)],
    architecture: goArchitecture,
  });
}

/** An index over three platforms with an attestation, as BuildKit pushes it; `own` is for here. */
export function multiImage(name: string): { index: ImageIndex; own: Image<Layer> } {
  const own = appImage(`${name}-own`);
  const other = goArchitecture === 'arm64' ? 'amd64' : 'arm64';
  const index = makeIndex([
    { item: appImage(`${name}-${other}`, other), platform: `linux/${other}` },
    { item: own, platform: `linux/${goArchitecture}` },
    { item: appImage(`${name}-s390x`, 's390x'), platform: 'linux/s390x' },
    attestationOf(own.manifest),
  ]);
  return { index, own };
}

/** What `sha256sum /data` says in an image of this name. */
export function dataDigest(name: string): string {
  return createHash('sha256').update(dataOf(name)).digest('hex');
}

/** The bytes of an image's config and layers. */
export function blobBytes(image: Image<Layer>): number {
  return [image.config, ...image.layers].reduce((sum, one) => sum + one.size, 0);
}

function rootLayer(name: string): Layer {
  return layer([...busyboxEntries(), { kind: 'file', name: 'name', data: Buffer.from(name) }]);
}

function dataLayer(name: string): Layer {
  return layer([{ kind: 'file', name: 'data', data: dataOf(name) }], 0);
}

function dataOf(name: string): Buffer {
  return randomBytes(name, dataBytes);
}
