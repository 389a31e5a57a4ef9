import { type Content, type Descriptor, descriptorOf, jsonContent } from './content.ts';
import type { FileLayer, Layer } from './layer.ts';
import { docker, emptyType, oci } from './media-type.ts';

/** An image or artifact: its manifest, its config and its layers. */
export interface Image<L extends Descriptor = Content> {
  readonly kind: 'image';
  readonly manifest: Content;
  readonly config: Content;
  readonly layers: readonly L[];
}

/** What an image is made of; everything but the layers has a default. */
export interface ImageParts<L extends Layer | FileLayer> {
  readonly layers: readonly L[];
  /** Which family of media types; default `oci`. */
  readonly mediaTypes?: 'oci' | 'docker';
  /** Default `amd64`. */
  readonly architecture?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** The manifest this one refers to (image-spec 1.1 `subject`). */
  readonly subject?: Descriptor;
  readonly artifactType?: string;
  readonly entrypoint?: readonly string[];
  readonly env?: readonly string[];
}

/** Makes a runnable image: the config names the digests of the uncompressed layers. */
export function makeImage<L extends Layer | FileLayer>(parts: ImageParts<L>): Image<L> {
  const family = parts.mediaTypes === 'docker' ? docker : oci;
  const layers = parts.layers.map((one) => ({ ...one, mediaType: inFamily(one, family) }));
  const config = jsonContent(
    {
      architecture: parts.architecture ?? 'amd64',
      os: 'linux',
      created: '2026-01-01T00:00:00Z',
      config: {
        Env: parts.env ?? ['PATH=/bin'],
        Entrypoint: parts.entrypoint ?? null,
        WorkingDir: '/',
      },
      rootfs: { type: 'layers', diff_ids: layers.map((one) => one.diffId) },
      history: layers.map(() => ({ created: '2026-01-01T00:00:00Z', created_by: 'test' })),
    },
    family.config,
  );
  const manifest = manifestOf(family.manifest, config, layers, parts);
  return { kind: 'image', manifest, config, layers };
}

/** What an artifact is made of (image-spec 1.1, guidelines for artifact usage). */
export interface ArtifactParts {
  readonly artifactType: string;
  readonly layers: readonly Content[];
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Makes an artifact (signature, SBOM, chart) with the empty config `{}`. */
export function makeArtifact(parts: ArtifactParts): Image {
  const config = jsonContent({}, emptyType);
  const manifest = manifestOf(oci.manifest, config, parts.layers, parts);
  return { kind: 'image', manifest, config, layers: parts.layers };
}

function manifestOf(
  mediaType: string,
  config: Descriptor,
  layers: readonly Descriptor[],
  parts: Pick<ImageParts<Layer>, 'annotations' | 'subject' | 'artifactType'>,
): Content {
  return jsonContent(
    {
      schemaVersion: 2,
      mediaType,
      artifactType: parts.artifactType,
      config: descriptorOf(config),
      layers: layers.map(descriptorOf),
      subject: parts.subject === undefined ? undefined : descriptorOf(parts.subject),
      annotations: parts.annotations,
    },
    mediaType,
  );
}

function inFamily(one: Descriptor, family: typeof oci): string {
  for (const from of [oci, docker]) {
    if (one.mediaType === from.gzip) return family.gzip;
    if (one.mediaType === from.zstd) return family.zstd;
    if (one.mediaType === from.tar) return family.tar;
  }
  return one.mediaType;
}
