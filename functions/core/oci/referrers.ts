import { type Descriptor, readDescriptor } from './descriptor.ts';
import { algorithmOf, type Digest, encodedOf } from './digest.ts';
import { mediaType } from './media-type.ts';

/**
 * The tag under which a registry without the referrers API keeps the referrers of a manifest
 * (distribution-spec §Referrers tag schema).
 */
export function referrersTag(subject: Digest): string {
  return `${algorithmOf(subject).slice(0, 32)}-${encodedOf(subject).slice(0, 64)}`;
}

/** Reads the descriptors of an image index of referrers; undefined when the bytes are no index. */
export function readReferrers(bytes: Uint8Array): readonly Descriptor[] | undefined {
  try {
    const body: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof body !== 'object' || body === null || !('manifests' in body)) return undefined;
    // Registries written in Go answer `null` for an empty list.
    if (body.manifests === null) return [];
    if (!Array.isArray(body.manifests)) return undefined;
    return body.manifests.map(readDescriptor).filter((entry) => entry !== undefined);
  } catch {
    return undefined;
  }
}

/** The image index that lists referrers (distribution-spec §Listing referrers). */
export function referrersIndex(manifests: readonly Descriptor[]): string {
  return JSON.stringify({ schemaVersion: 2, mediaType: mediaType.ociIndex, manifests });
}
