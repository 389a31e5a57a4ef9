/** The names that one family of media types (OCI or Docker) gives to the parts of an image. */
export interface MediaTypes {
  readonly manifest: string;
  readonly index: string;
  readonly config: string;
  readonly tar: string;
  readonly gzip: string;
  readonly zstd: string;
}

/** OCI image-spec 1.1 names. */
export const oci: MediaTypes = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  tar: 'application/vnd.oci.image.layer.v1.tar',
  gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  zstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
};

/** Docker image manifest version 2, schema 2 names. */
export const docker: MediaTypes = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  index: 'application/vnd.docker.distribution.manifest.list.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
  tar: 'application/vnd.docker.image.rootfs.diff.tar',
  gzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  zstd: 'application/vnd.docker.image.rootfs.diff.tar.zstd',
};

/** The type of the two-byte `{}` that stands for "no config" or "no layer" (image-spec 1.1). */
export const emptyType = 'application/vnd.oci.empty.v1+json';

const manifestTypes = new Set([oci.manifest, oci.index, docker.manifest, docker.index]);

/** True for the media type of a manifest, an image index or a manifest list. */
export function isManifest(mediaType: string): boolean {
  return manifestTypes.has(mediaType);
}

/** True for an image index or a Docker manifest list. */
export function isIndex(mediaType: string): boolean {
  return mediaType === oci.index || mediaType === docker.index;
}
