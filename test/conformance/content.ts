import { signatureOf } from '../standins/images/attestation.ts';
import { type Image, makeImage } from '../standins/images/image.ts';
import { type ImageIndex, makeIndex } from '../standins/images/image-index.ts';
import { textLayer } from '../standins/images/layer.ts';

/** Something an upstream registry holds, and the tags that name it there. */
export interface Shelf {
  readonly registry: 'docker.io' | 'ghcr.io';
  readonly repository: string;
  readonly item: Image | ImageIndex;
  readonly tags: readonly string[];
}

const amd64 = makeImage({ layers: [textLayer({ 'etc/alpine-release': '3.20.0 amd64\n' })] });
const arm64 = makeImage({
  layers: [textLayer({ 'etc/alpine-release': '3.20.0 arm64\n' })],
  architecture: 'arm64',
});

/** The tags 3.20 and latest of docker.io/library/alpine: an OCI index of two images. */
export const alpine = {
  amd64,
  index: makeIndex([
    { item: amd64, platform: 'linux/amd64' },
    { item: arm64, platform: 'linux/arm64' },
  ]),
};

/** The tag 3.19 of the same repository: one image in Docker's own media types. */
export const oldAlpine = makeImage({
  layers: [textLayer({ 'etc/alpine-release': '3.19.0\n' })],
  mediaTypes: 'docker',
});

/** Two artifacts that refer to the index of alpine. */
export const signature = signatureOf(alpine.index.manifest);
export const sbom = signatureOf(alpine.index.manifest, 'application/spdx+json', 'sbom');

/** The tag v1 of ghcr.io/owner/app. */
export const app = makeImage({ layers: [textLayer({ 'app.txt': 'app\n' })] });

/** A repository whose name looks like endpoints. */
export const oddName = 'odd/manifests/blobs/tags';

/** Everything the upstreams hold. */
export const shelves: readonly Shelf[] = [
  {
    registry: 'docker.io',
    repository: 'library/alpine',
    item: alpine.index,
    tags: ['3.20', 'latest'],
  },
  { registry: 'docker.io', repository: 'library/alpine', item: oldAlpine, tags: ['3.18', '3.19'] },
  { registry: 'docker.io', repository: 'library/alpine', item: signature, tags: [] },
  { registry: 'docker.io', repository: 'library/alpine', item: sbom, tags: [] },
  { registry: 'docker.io', repository: oddName, item: app, tags: ['latest'] },
  { registry: 'ghcr.io', repository: 'owner/app', item: app, tags: ['v1'] },
];

/** At docker.io, a repository that the upstream hides from this mirror: 401 with a good token. */
export const hiddenRepository = 'private/secret';

/** At docker.io, a repository that the mirror's own configuration denies. */
export const deniedRepository = 'forbidden/app';

/** A digest that no upstream holds. */
export const absentDigest = `sha256:${'0'.repeat(64)}`;
