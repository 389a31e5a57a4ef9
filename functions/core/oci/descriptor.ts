import { type Digest, parseDigest } from './digest.ts';
import { objectOf } from './json-object.ts';

/** What a manifest says of the content it names (image-spec, descriptor.md). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Where the content may also be had; never followed by this mirror. */
  readonly urls?: readonly string[];
}

/** Annotations of a manifest or descriptor: the string values of an object, else undefined. */
export function readAnnotations(value: unknown): Record<string, string> | undefined {
  const members = objectOf(value);
  if (members === undefined) return undefined;
  const entries = Object.entries(members).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return Object.fromEntries(entries);
}

/** Printable ASCII, no longer than a type with its subtype (RFC 6838 §4.2). */
const typePattern = /^[ -~]{1,255}$/;

/** The type of a blob or an artifact as a list may hold it; undefined when it says none. */
export function readType(value: unknown): string | undefined {
  return typeof value === 'string' && typePattern.test(value) ? value : undefined;
}

/** Reads a descriptor out of parsed JSON; undefined when its digest or size is not usable. */
export function readDescriptor(value: unknown): Descriptor | undefined {
  const { mediaType, digest, size, artifactType, urls, annotations: noted } = objectOf(value) ?? {};
  const parsed = typeof digest === 'string' ? parseDigest(digest) : undefined;
  if (parsed === undefined || typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    return undefined;
  }
  const annotations = readAnnotations(noted);
  const artifact = readType(artifactType);
  return {
    mediaType: readType(mediaType) ?? '',
    digest: parsed,
    size,
    ...(artifact !== undefined && { artifactType: artifact }),
    ...(annotations !== undefined && { annotations }),
    ...(Array.isArray(urls) && urls.length > 0 && { urls: urls.map(String) }),
  };
}

/** An index keeps longer descriptors without their annotations and addresses, in characters. */
const longestText = 100_000;

/**
 * A descriptor as an index keeps it with the blob's entry, in JSON. What a long one loses nobody
 * asks an entry for, and it is still in the manifest.
 */
export function descriptorText(descriptor: Descriptor): string {
  const whole = JSON.stringify(descriptor);
  if (whole.length <= longestText) return whole;
  const { mediaType, digest, size } = descriptor;
  return JSON.stringify({ mediaType: readType(mediaType) ?? '', digest, size });
}

/** The usable descriptors of a list; none when it is no list. */
export function readDescriptors(value: unknown): Descriptor[] {
  if (!Array.isArray(value)) return [];
  return value.map(readDescriptor).filter((entry) => entry !== undefined);
}

/** A manifest in an index (image-spec, image-index.md). */
export interface IndexEntry extends Descriptor {
  /** True when the index names its platform as `unknown`: an attestation, which nobody runs. */
  readonly isUnrunnable?: true;
}

/** The usable entries of an index's list; none when it is no list. */
export function readIndexEntries(value: unknown): IndexEntry[] {
  if (!Array.isArray(value)) return [];
  return value.map(readIndexEntry).filter((entry) => entry !== undefined);
}

function readIndexEntry(value: unknown): IndexEntry | undefined {
  const descriptor = readDescriptor(value);
  const { os, architecture } = objectOf(objectOf(value)?.platform) ?? {};
  const isUnknown = os === 'unknown' || architecture === 'unknown';
  return descriptor && isUnknown ? { ...descriptor, isUnrunnable: true } : descriptor;
}
