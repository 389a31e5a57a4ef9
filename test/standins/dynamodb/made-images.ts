import type { Manifest, ManifestContents } from '../../../functions/core/oci/manifest.ts';
import { readManifest } from '../../../functions/core/oci/manifest.ts';
import type { Repository } from '../../../functions/core/oci/repository.ts';
import { imageOf, manifestOf } from '../../contract/made-content.ts';

export const alpine: Repository = { registry: 'docker.io', name: 'library/alpine' };
export const elsewhere: Repository = { registry: 'ghcr.io', name: 'library/alpine' };

/** An image of so many layers, one config besides. */
export function imageOfLayers(count: number, name = 'many') {
  const layers = Array.from({ length: count }, (_, index) => `${name} layer ${index}`);
  return imageOf(name, layers);
}

/** An image manifest of so many bytes, by its annotations. */
export function manifestOfSize(bytes: number): {
  readonly manifest: Manifest;
  readonly contents: ManifestContents | undefined;
} {
  const { manifest: small } = imageOf('large', ['layer']);
  const body = JSON.parse(new TextDecoder().decode(small.bytes));
  const textOf = (padding: string) => JSON.stringify({ ...body, annotations: { padding } });
  const padding = 'x'.repeat(bytes - textOf('').length);
  const manifest = manifestOf(new TextEncoder().encode(textOf(padding)));
  return { manifest, contents: readManifest(manifest) };
}
