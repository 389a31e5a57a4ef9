import type { Image } from '../standins/images/image.ts';
import { oci } from '../standins/images/media-type.ts';
import { absentDigest, alpine, sbom, signature } from './content.ts';
import { errorOf, type Section } from './exchange.ts';

const path = `/v2/library/alpine/referrers/${alpine.index.manifest.digest}`;
const bundle = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const spdx = 'application/spdx+json';

function entry(artifact: Image, artifactType: string) {
  const { mediaType, digest, size } = artifact.manifest;
  const annotations = { 'org.opencontainers.image.created': '2026-01-01T00:00:00Z' };
  return { mediaType, digest, size, artifactType, annotations };
}

function indexOf(...manifests: readonly unknown[]) {
  return { json: { schemaVersion: 2, mediaType: oci.index, manifests } };
}

/** distribution-spec §Listing referrers. */
export const listingReferrers: Section = {
  title: 'listing referrers',
  exchanges: [
    {
      name: 'all',
      request: `GET ${path}`,
      status: 200,
      answer: { 'content-type': oci.index, 'oci-filters-applied': undefined },
      body: indexOf(entry(signature, bundle), entry(sbom, spdx)),
      alsoHead: true,
    },
    {
      name: 'of one type',
      request: `GET ${path}?artifactType=${encodeURIComponent(bundle)}`,
      status: 200,
      answer: { 'content-type': oci.index, 'oci-filters-applied': 'artifactType' },
      body: indexOf(entry(signature, bundle)),
    },
    {
      name: 'of one type, by a client of another registry',
      request: `GET ${path}?artifactType=${encodeURIComponent(spdx)}&ns=docker.io`,
      status: 200,
      answer: { 'oci-filters-applied': 'artifactType', 'oci-namespace': 'docker.io' },
      body: indexOf(entry(sbom, spdx)),
    },
    {
      name: 'of two types',
      request: `GET ${path}?artifactType=${encodeURIComponent(spdx)}&artifactType=${encodeURIComponent(bundle)}`,
      status: 200,
      body: indexOf(entry(signature, bundle), entry(sbom, spdx)),
    },
    {
      name: 'of a type nobody has',
      request: `GET ${path}?artifactType=text/none`,
      status: 200,
      answer: { 'oci-filters-applied': 'artifactType' },
      body: indexOf(),
    },
    {
      name: 'a digest that nothing refers to',
      request: `GET /v2/library/alpine/referrers/${absentDigest}`,
      status: 200,
      answer: { 'content-type': oci.index },
      body: indexOf(),
    },
    {
      name: 'no digest',
      request: 'GET /v2/library/alpine/referrers/sha256:bad',
      status: 400,
      body: errorOf('DIGEST_INVALID'),
    },
    {
      name: 'a tag',
      request: 'GET /v2/library/alpine/referrers/latest',
      status: 400,
      body: errorOf('DIGEST_INVALID'),
    },
  ],
};

/** 200 would hide signatures from containerd, which asks the origin after anything else. */
export const referrersWhileDown: Section = {
  title: 'listing referrers',
  situation: 'down',
  exchanges: [
    { name: 'containerd', request: `GET ${path}?ns=docker.io`, status: 503 },
    { name: 'without ns', request: `GET ${path}`, status: 503 },
  ],
};
