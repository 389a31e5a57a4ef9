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
import { essence, isIndexType, isManifestType, mediaType, servableType } from './media-type.ts';

/** A manifest as it came: exact bytes, and the Content-Type it leaves with. */
export interface Manifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** What a manifest names (image-spec, manifest.md and image-index.md). */
export interface ManifestContents {
  readonly kind: 'image' | 'index';
  /** Config and layers of an image manifest; blobs of an artifact manifest. Each of them once. */
  readonly blobs: readonly Descriptor[];
  /** Set when it names more blobs than are in `blobs`. */
  readonly hasMore?: true;
  /** The manifests of an index. */
  readonly manifests: readonly IndexEntry[];
  readonly subject?: Descriptor;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The largest manifest that clients take: containerd's bound, 4 * 1048 * 1048 bytes. */
export const maxManifestBytes = 4_393_216;

/** An image has 127 layers at most in most runtimes; each blob costs rows of the index and a fill. */
const mostBlobs = 1_000;

/**
 * Reads what a manifest names; undefined when the bytes are no manifest that names anything. `most`
 * bounds the blobs.
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
  const artifactType = artifactTypeOf(body, config);
  const blobs = isIndex
    ? []
    : eachOnce([
        ...(config ? [config] : []),
        ...readDescriptors(body.layers),
        ...readDescriptors(body.blobs),
      ]);
  return {
    kind: isIndex ? 'index' : 'image',
    blobs: blobs.slice(0, most),
    ...(blobs.length > most && { hasMore: true }),
    manifests: isIndex ? readIndexEntries(body.manifests) : [],
    ...(subject && { subject }),
    ...(artifactType !== undefined && { artifactType }),
    ...(annotations && { annotations }),
  };
}

/** A blob that is named with urls and without is one that a client gets here. */
function eachOnce(blobs: readonly Descriptor[]): Descriptor[] {
  const byDigest = new Map<Digest, Descriptor>();
  for (const blob of blobs) {
    const known = byDigest.get(blob.digest);
    if (known === undefined || (known.urls && !blob.urls)) byDigest.set(blob.digest, blob);
  }
  return [...byDigest.values()];
}

/** distribution-spec §Listing referrers: the manifest's artifactType, else the config's media type. */
function artifactTypeOf(
  body: Record<string, unknown>,
  config: Descriptor | undefined,
): string | undefined {
  return readType(body.artifactType) ?? config?.mediaType;
}

/**
 * The media type a manifest is served with: the upstream's Content-Type when it names a manifest,
 * else what the body says, else what its form shows. containerd asks `/blobs/` for a manifest served
 * as `application/json`, and dockerd does not even fall back on one served as
 * `application/octet-stream`. A body may say anything, also what no header can hold: a type that is
 * not JSON of `application/` is never taken.
 */
export function manifestMediaType(contentType: string, bytes: Uint8Array): string {
  const type = essence(contentType);
  if (isManifestType(type)) return type;
  const body = parseObject(bytes);
  const stated = typeof body?.mediaType === 'string' ? essence(body.mediaType) : '';
  if (servableType(stated) !== '' && stated !== plainJson) return stated;
  return formOf(body) ?? (servableType(type) || plainJson);
}

/** The media type of a stored manifest, mended where it is one that must not leave. */
export function storedMediaType(stored: string, bytes: Uint8Array): string {
  return servableType(stored) || manifestMediaType('', bytes);
}

/** Says nothing of a manifest. */
const plainJson = 'application/json';

function formOf(body: Record<string, unknown> | undefined): string | undefined {
  if (Array.isArray(body?.manifests)) return mediaType.ociIndex;
  if (readDescriptor(body?.config) && Array.isArray(body?.layers)) return mediaType.ociManifest;
  return Array.isArray(body?.blobs) ? mediaType.ociArtifact : undefined;
}
