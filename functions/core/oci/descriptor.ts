import { type Digest, parseDigest } from './digest.ts';

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

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Annotations of a manifest or descriptor: the string values of an object, else undefined. */
export function readAnnotations(value: unknown): Record<string, string> | undefined {
  if (!isRecord(value)) return undefined;
  const entries = Object.entries(value).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return Object.fromEntries(entries);
}

/** Reads a descriptor out of parsed JSON; undefined when its digest or size is not usable. */
export function readDescriptor(value: unknown): Descriptor | undefined {
  if (!isRecord(value)) return undefined;
  const { mediaType, digest, size, artifactType, urls } = value;
  const parsed = typeof digest === 'string' ? parseDigest(digest) : undefined;
  if (parsed === undefined || typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    return undefined;
  }
  const annotations = readAnnotations(value.annotations);
  return {
    mediaType: typeof mediaType === 'string' ? mediaType : '',
    digest: parsed,
    size,
    ...(typeof artifactType === 'string' && { artifactType }),
    ...(annotations !== undefined && { annotations }),
    ...(Array.isArray(urls) && urls.length > 0 && { urls: urls.map(String) }),
  };
}
