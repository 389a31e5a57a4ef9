import { createHash } from 'node:crypto';
import type { Descriptor } from '../../functions/core/oci/descriptor.ts';
import { type Digest, parseDigest } from '../../functions/core/oci/digest.ts';
import {
  type Manifest,
  type ManifestContents,
  readManifest,
} from '../../functions/core/oci/manifest.ts';
import { mediaType } from '../../functions/core/oci/media-type.ts';

/** The digest of bytes or of a text. */
export function madeDigest(
  content: Uint8Array | string,
  algorithm: 'sha256' | 'sha512' = 'sha256',
): Digest {
  const digest = parseDigest(`${algorithm}:${createHash(algorithm).update(content).digest('hex')}`);
  if (digest === undefined) throw new Error('a hash is always a digest');
  return digest;
}

/** Bytes as a manifest, whatever they say. */
export function manifestOf(bytes: Uint8Array<ArrayBuffer>): Manifest {
  return { digest: madeDigest(bytes), mediaType: mediaType.ociManifest, bytes };
}

/** An image manifest of a config and layers; each blob's content is its name. */
export function imageOf(
  name: string,
  layers: readonly string[],
): {
  readonly manifest: Manifest;
  readonly contents: ManifestContents | undefined;
  readonly blobs: readonly Descriptor[];
} {
  const blob = (text: string, type: string) => ({
    mediaType: type,
    digest: madeDigest(text),
    size: text.length,
  });
  const config = blob(`config of ${name}`, 'application/vnd.oci.image.config.v1+json');
  const body = {
    schemaVersion: 2,
    mediaType: mediaType.ociManifest,
    config,
    layers: layers.map((text) => blob(text, 'application/vnd.oci.image.layer.v1.tar+gzip')),
  };
  const manifest = manifestOf(new TextEncoder().encode(JSON.stringify(body)));
  const contents = readManifest(manifest);
  return { manifest, contents, blobs: contents?.blobs ?? [] };
}
