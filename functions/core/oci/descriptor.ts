import { type Digest, parseDigest } from './digest.ts';
import { objectOf } from './json-object.ts';

/** A reference to content by digest (image-spec, descriptor.md). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Other places to download the content from. This mirror never uses them. */
  readonly urls?: readonly string[];
}

/** The string members of an `annotations` object; undefined when the value is not an object. */
export function readAnnotations(value: unknown): Record<string, string> | undefined {
  const members = objectOf(value);
  if (members === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(members).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  );
}

/** Printable ASCII, at most as long as a type with its subtype (RFC 6838 §4.2). */
const typePattern = /^[ -~]{1,255}$/;

/** A media type or artifact type that is safe to repeat in a list; otherwise undefined. */
export function readType(value: unknown): string | undefined {
  return typeof value === 'string' && typePattern.test(value) ? value : undefined;
}

/** Reads a descriptor from parsed JSON; undefined when its digest or size is invalid. */
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

/** In characters. */
const longestText = 100_000;

/**
 * A descriptor in JSON, as the index stores it with a blob's entry. A long one loses its annotations
 * and URLs: no reader of an entry needs them, and the manifest still has them.
 */
export function descriptorText(descriptor: Descriptor): string {
  const whole = JSON.stringify(descriptor);
  if (whole.length <= longestText) return whole;
  const { mediaType, digest, size } = descriptor;
  return JSON.stringify({ mediaType: readType(mediaType) ?? '', digest, size });
}

/** A manifest that refers to another one, with what lists of referrers say of it. */
export interface Referrer extends Descriptor {
  /** os, architecture and the rest, as the registry sent them. */
  readonly platform?: Readonly<Record<string, string | readonly string[]>>;
  /** The content itself, in base64. */
  readonly data?: string;
}

/** The valid entries of a list of referrers; empty when the value is not an array. */
export function readReferrerList(value: unknown): Referrer[] {
  return readList(value, readReferrer);
}

function readReferrer(value: unknown): Referrer | undefined {
  const descriptor = readDescriptor(value);
  if (descriptor === undefined) return undefined;
  const { platform: given, data } = objectOf(value) ?? {};
  const platform = readPlatform(given);
  return {
    ...descriptor,
    ...(platform !== undefined && { platform }),
    ...(typeof data === 'string' && /^[\w+/=-]*$/.test(data) && { data }),
  };
}

/** The strings and lists of strings of a platform object; undefined when it has none. */
function readPlatform(value: unknown): Referrer['platform'] {
  const isText = (part: unknown) => typeof part === 'string';
  const members = Object.entries(objectOf(value) ?? {}).filter(
    (member): member is [string, string | string[]] =>
      isText(member[1]) || (Array.isArray(member[1]) && member[1].every(isText)),
  );
  return members.length === 0 ? undefined : Object.fromEntries(members);
}

/** The valid descriptors of a list; empty when the value is not an array. */
export function readDescriptors(value: unknown): Descriptor[] {
  return readList(value, readDescriptor);
}

/** A manifest in an index (image-spec, image-index.md). */
export interface IndexEntry extends Descriptor {
  /** True when its platform is `unknown`, as for an attestation: no client runs it. */
  readonly isUnrunnable?: true;
}

/** The valid entries of an index's list; empty when the value is not an array. */
export function readIndexEntries(value: unknown): IndexEntry[] {
  return readList(value, readIndexEntry);
}

function readList<Entry>(value: unknown, read: (entry: unknown) => Entry | undefined): Entry[] {
  return Array.isArray(value) ? value.map(read).filter((entry) => entry !== undefined) : [];
}

function readIndexEntry(value: unknown): IndexEntry | undefined {
  const descriptor = readDescriptor(value);
  const { os, architecture } = objectOf(objectOf(value)?.platform) ?? {};
  const isUnknown = os === 'unknown' || architecture === 'unknown';
  return descriptor && isUnknown ? { ...descriptor, isUnrunnable: true } : descriptor;
}
