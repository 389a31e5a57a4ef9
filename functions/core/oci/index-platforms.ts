import { readDescriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';
import { entriesOf, objectOf, parseObject } from './json-object.ts';

/**
 * The manifests in an index with their platforms, as `linux/arm64` or `linux/arm/v7`. The text is empty for what
 * has none, such as an attestation.
 */
export function indexPlatforms(bytes: Uint8Array): ReadonlyMap<Digest, string> {
  const platforms = new Map<Digest, string>();
  for (const entry of entriesOf(parseObject(bytes)?.manifests) ?? []) {
    const digest = readDescriptor(entry)?.digest;
    if (digest !== undefined) platforms.set(digest, platformText(objectOf(entry)?.platform));
  }
  return platforms;
}

function platformText(value: unknown): string {
  const { os, architecture, variant } = objectOf(value) ?? {};
  if (typeof os !== 'string' || typeof architecture !== 'string') return '';
  if (os === 'unknown' || architecture === 'unknown') return '';
  return [os, architecture, ...(typeof variant === 'string' ? [variant] : [])].join('/');
}
