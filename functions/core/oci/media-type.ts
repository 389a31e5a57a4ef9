/** The media types of manifests that this mirror knows, in the order of its Accept header. */
export const mediaType = {
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerManifestList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociArtifact: 'application/vnd.oci.artifact.manifest.v1+json',
} as const;

/**
 * The Accept header of every manifest request to an upstream. It ignores what the client accepts: a
 * registry answers a shorter list with a single platform, which must not be cached under the tag.
 */
export const acceptManifests = `${Object.values(mediaType).join(', ')}, */*;q=0.1`;

const manifestTypes: ReadonlySet<string> = new Set(Object.values(mediaType));

/** True for the media type of a manifest that this mirror can read. */
export function isManifestType(type: string): boolean {
  return manifestTypes.has(type);
}

/**
 * A JSON subtype of `application` with the characters and the length of RFC 6838 §4.2: it fits into a
 * header, and no browser shows it as a page.
 */
const jsonType = /^application\/(?:[a-z0-9][a-z0-9!#$&^_.+-]{0,122})?json$/;

/** The media type if a manifest may be sent with it, whoever stated it; otherwise an empty string. */
export function safeType(type: string): string {
  return jsonType.test(type) ? type : '';
}

/** True for an image index or a Docker manifest list. */
export function isIndexType(type: string): boolean {
  return type === mediaType.ociIndex || type === mediaType.dockerManifestList;
}

/** A media type without parameters, in lower case (RFC 9110 §8.3.1). */
export function essence(contentType: string): string {
  const semicolon = contentType.indexOf(';');
  return (semicolon < 0 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase();
}
