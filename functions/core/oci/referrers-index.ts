import { type Referrer, readAnnotations, readReferrerList } from './descriptor.ts';
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

/** What an image index of referrers holds. */
export interface Referrers {
  readonly manifests: readonly Referrer[];
  /** Of the list itself. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The longest annotations of a list that are kept, in characters: every store keeps them inline. */
const longestAnnotations = 16 * 1024;

/** Reads an image index of referrers; undefined when the bytes are not an index. */
export function readReferrers(bytes: Uint8Array): Referrers | undefined {
  const index = parseObject(bytes);
  const manifests = entriesOf(index?.manifests);
  if (manifests === undefined) return undefined;
  const annotations = readAnnotations(index?.annotations);
  const isKept =
    annotations !== undefined && JSON.stringify(annotations).length <= longestAnnotations;
  return { manifests: readReferrerList(manifests), ...(isKept && { annotations }) };
}

/** The image index that lists referrers (distribution-spec §Listing referrers). */
export function referrersIndex({ manifests, annotations }: Referrers): string {
  const members = { schemaVersion: 2, mediaType: mediaType.ociIndex, manifests, annotations };
  return JSON.stringify(members);
}
