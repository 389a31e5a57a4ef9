import { type Descriptor, readDescriptors } from './descriptor.ts';
import { algorithmOf, type Digest, encodedOf } from './digest.ts';
import { entriesOf, parseObject } from './json-object.ts';
import { mediaType } from './media-type.ts';

/**
 * The tag under which a registry without the referrers API keeps the referrers of a manifest
 * (distribution-spec §Referrers tag schema).
 */
export function referrersTag(subject: Digest): string {
  return `${algorithmOf(subject).slice(0, 32)}-${encodedOf(subject).slice(0, 64)}`;
}

/** The descriptors of an image index of referrers; undefined when the bytes are not an index. */
export function readReferrers(bytes: Uint8Array): readonly Descriptor[] | undefined {
  const manifests = entriesOf(parseObject(bytes)?.manifests);
  return manifests && readDescriptors(manifests);
}

/** The image index that lists referrers (distribution-spec §Listing referrers). */
export function referrersIndex(manifests: readonly Descriptor[]): string {
  return JSON.stringify({ schemaVersion: 2, mediaType: mediaType.ociIndex, manifests });
}
