import { readDescriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';
import { entriesOf, objectOf, parseObject } from './json-object.ts';

/**
 * The platforms of the manifests in an index, as `linux/arm64` or `linux/arm/v7`, by digest. Left out is what
 * has none, such as an attestation.
 */
export function indexPlatforms(bytes: Uint8Array): ReadonlyMap<Digest, string> {
  const platforms = new Map<Digest, string>();
  for (const entry of entriesOf(parseObject(bytes)?.manifests) ?? []) {
    const digest = readDescriptor(entry)?.digest;
    const { os, architecture, variant } = objectOf(objectOf(entry)?.platform) ?? {};
    if (digest === undefined || typeof os !== 'string' || typeof architecture !== 'string')
      continue;
    if (os === 'unknown' || architecture === 'unknown') continue;
    const parts = [os, architecture, ...(typeof variant === 'string' ? [variant] : [])];
    platforms.set(digest, parts.join('/'));
  }
  return platforms;
}
