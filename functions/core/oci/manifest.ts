import {
  type Descriptor,
  type IndexEntry,
  readAnnotations,
  readDescriptor,
  readDescriptors,
  readIndexEntries,
  readType,
} from './descriptor.ts';
import type { Digest } from './digest.ts';
import { parseObject } from './json-object.ts';
import { essence, isIndexType, isManifestType, mediaType, safeType } from './media-type.ts';

/** A manifest: its exact bytes, and the Content-Type it is served with. */
export interface Manifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The content that a manifest refers to (image-spec, manifest.md and image-index.md). */
export interface ManifestContents {
  readonly kind: 'image' | 'index';
  /** Config and layers of an image manifest, blobs of an artifact manifest; without duplicates. */
  readonly blobs: readonly Descriptor[];
  /** Set when the manifest has more descriptors than were read. */
  readonly hasMore?: true;
  /** The manifests of an index. */
  readonly manifests: readonly IndexEntry[];
  readonly subject?: Descriptor;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The largest manifest that containerd accepts, 4 * 1048 * 1048 bytes. */
export const maxManifestBytes = 4_393_216;

/** Most runtimes allow 127 layers. Each blob costs rows in the index and a fill. */
const mostBlobs = 1_000;

/**
 * Reads the content that a manifest refers to, from at most `most` descriptors of blobs; undefined for
 * bytes that are not a manifest, and for schema 1.
 */
export function readManifest(
  manifest: Pick<Manifest, 'bytes' | 'mediaType'>,
  most = mostBlobs,
): ManifestContents | undefined {
  const body = parseObject(manifest.bytes);
  if (body === undefined || body.schemaVersion === 1) return undefined;
  const config = readDescriptor(body.config);
  const isIndex = isIndexType(manifest.mediaType) || Array.isArray(body.manifests);
  const subject = readDescriptor(body.subject);
  const annotations = readAnnotations(body.annotations);
  // distribution-spec §Listing referrers
  const artifactType = readType(body.artifactType) ?? config?.mediaType;
  const named = isIndex ? [] : [body.config ?? [], body.layers ?? [], body.blobs ?? []].flat();
  return {
    kind: isIndex ? 'index' : 'image',
    blobs: withoutDuplicates(readDescriptors(named.slice(0, most))),
    ...(named.length > most && { hasMore: true }),
    manifests: isIndex ? readIndexEntries(body.manifests) : [],
    ...(subject && { subject }),
    ...(artifactType !== undefined && { artifactType }),
    ...(annotations && { annotations }),
  };
}

/** A client fetches a blob from here if the manifest names it at least once without `urls`. */
function withoutDuplicates(blobs: readonly Descriptor[]): Descriptor[] {
  const byDigest = new Map<Digest, Descriptor>();
  for (const blob of blobs) {
    const known = byDigest.get(blob.digest);
    if (known === undefined || (known.urls && !blob.urls)) byDigest.set(blob.digest, blob);
  }
  return [...byDigest.values()];
}

/**
 * The media type to serve a manifest with: the upstream's Content-Type if it is that of a manifest,
 * else the body's `mediaType`, else the type that its members suggest. containerd requests a manifest
 * served as `application/json` from `/blobs/`, and dockerd fails without falling back on one served as
 * `application/octet-stream`. A body may claim any type, even one that no header can hold, so only
 * JSON types of `application/` are accepted.
 */
export function manifestMediaType(contentType: string, bytes: Uint8Array): string {
  const type = essence(contentType);
  if (isManifestType(type)) return type;
  const body = parseObject(bytes);
  const claimed = typeof body?.mediaType === 'string' ? essence(body.mediaType) : '';
  if (safeType(claimed) !== '' && claimed !== plainJson) return claimed;
  return guessType(body) ?? (safeType(type) || plainJson);
}

/** The media type of a stored manifest, replaced where it must not be sent. */
export function storedMediaType(stored: string, bytes: Uint8Array): string {
  return safeType(stored) || manifestMediaType('', bytes);
}

const plainJson = 'application/json';

function guessType(body: Record<string, unknown> | undefined): string | undefined {
  if (Array.isArray(body?.manifests)) return mediaType.ociIndex;
  if (readDescriptor(body?.config) && Array.isArray(body?.layers)) return mediaType.ociManifest;
  return Array.isArray(body?.blobs) ? mediaType.ociArtifact : undefined;
}
