import { docker, oci } from '../standins/images/media-type.ts';
import { absentDigest, alpine, hiddenRepository, oldAlpine } from './content.ts';
import { errorOf, type Section } from './exchange.ts';

const { manifest: index } = alpine.index;
const { manifest: image } = alpine.amd64;
const ofTag = /^public, max-age=\d+, no-transform$/;
const ofDigest = 'public, max-age=31536000, immutable, no-transform';

/** distribution-spec §Pulling manifests. */
export const pullingManifests: Section = {
  title: 'pulling manifests',
  exchanges: [
    {
      name: 'HEAD of a tag nobody pulled yet',
      request: 'HEAD /v2/library/alpine/manifests/latest',
      status: 200,
      answer: {
        'content-type': oci.index,
        'content-length': String(index.size),
        'docker-content-digest': index.digest,
      },
    },
    {
      name: 'an index by tag, to the byte',
      request: 'GET /v2/library/alpine/manifests/3.20',
      status: 200,
      answer: {
        'content-type': oci.index,
        'content-length': String(index.size),
        'docker-content-digest': index.digest,
        etag: `"${index.digest}"`,
        'cache-control': ofTag,
        'cache-status': /^Pullfront; /,
        'oci-namespace': undefined,
        warning: undefined,
      },
      body: index.bytes,
      alsoHead: true,
    },
    {
      name: 'an image by digest, for ever',
      request: `GET /v2/library/alpine/manifests/${image.digest}`,
      status: 200,
      answer: {
        'content-type': oci.manifest,
        'content-length': String(image.size),
        'docker-content-digest': image.digest,
        'cache-control': ofDigest,
      },
      body: image.bytes,
      alsoHead: true,
    },
    {
      name: "Docker's own media types stay",
      request: 'GET /v2/library/alpine/manifests/3.19',
      headers: { accept: oci.manifest },
      status: 200,
      answer: { 'content-type': docker.manifest },
      body: oldAlpine.manifest.bytes,
      alsoHead: true,
    },
    {
      name: 'Accept for one platform does not choose one',
      request: 'GET /v2/library/alpine/manifests/3.20',
      headers: { accept: docker.manifest },
      status: 200,
      answer: { 'content-type': oci.index },
      body: index.bytes,
    },
    {
      name: 'a range of a manifest is the whole',
      request: 'GET /v2/library/alpine/manifests/3.20',
      headers: { range: 'bytes=0-9' },
      status: 200,
      answer: { 'content-range': undefined },
      body: index.bytes,
    },
    {
      name: 'an absent tag',
      request: 'GET /v2/library/alpine/manifests/no-such-tag',
      status: 404,
      body: errorOf('MANIFEST_UNKNOWN'),
      alsoHead: true,
    },
    {
      name: 'the tag of a signature that is not there',
      request: `GET /v2/library/alpine/manifests/${index.digest.replace(':', '-')}.sig`,
      status: 404,
      body: errorOf('MANIFEST_UNKNOWN'),
    },
    {
      name: 'an absent digest',
      request: `GET /v2/library/alpine/manifests/${absentDigest}`,
      status: 404,
      body: errorOf('MANIFEST_UNKNOWN'),
    },
    {
      name: 'an absent repository',
      request: 'GET /v2/library/no-such-image/manifests/latest',
      status: 404,
      body: errorOf('MANIFEST_UNKNOWN'),
    },
    {
      name: 'a hidden repository is never a 401',
      request: `GET /v2/${hiddenRepository}/manifests/latest`,
      status: 404,
      answer: { 'www-authenticate': undefined },
      body: /needs a login that this mirror does not have/,
    },
  ],
};
