import { absentDigest, alpine, app, hiddenRepository } from './content.ts';
import { errorOf, type Section } from './exchange.ts';

const blob = alpine.amd64.layers[0] ?? alpine.amd64.config;
const { config } = alpine.amd64;
const pulled = {
  name: 'the manifest that names the blob',
  request: `GET /v2/library/alpine/manifests/${alpine.amd64.manifest.digest}`,
  status: 200,
};

/** distribution-spec §Pulling blobs. */
export const pullingBlobs: Section = {
  title: 'pulling blobs',
  exchanges: [
    pulled,
    {
      name: 'HEAD says size and digest',
      request: `HEAD /v2/library/alpine/blobs/${config.digest}`,
      status: 200,
      answer: {
        'content-length': String(config.size),
        'docker-content-digest': config.digest,
        location: undefined,
      },
    },
    {
      name: 'the bytes',
      request: `GET /v2/library/alpine/blobs/${blob.digest}`,
      status: 200,
      answer: {
        'content-type': 'application/octet-stream',
        'content-length': String(blob.size),
        'docker-content-digest': blob.digest,
        'accept-ranges': 'bytes',
        etag: `"${blob.digest}"`,
        'cache-control': 'public, max-age=31536000, immutable, no-transform',
        'cache-status': /^Pullfront; /,
      },
      body: blob.bytes,
      alsoHead: true,
    },
    {
      name: 'again, and nobody may compress it',
      request: `GET /v2/library/alpine/blobs/${blob.digest}`,
      headers: { 'accept-encoding': 'zstd, gzip' },
      status: 200,
      answer: { 'content-encoding': undefined, 'content-length': String(blob.size) },
      body: blob.bytes,
    },
    {
      name: 'an absent blob',
      request: `GET /v2/library/alpine/blobs/${absentDigest}`,
      status: 404,
      body: errorOf('BLOB_UNKNOWN'),
      alsoHead: true,
    },
    {
      name: "another repository's blob",
      request: `GET /v2/library/alpine/blobs/${app.config.digest}`,
      status: 404,
      body: errorOf('BLOB_UNKNOWN'),
    },
    {
      name: 'a blob of a hidden repository',
      request: `GET /v2/${hiddenRepository}/blobs/${blob.digest}`,
      status: 404,
      body: errorOf('BLOB_UNKNOWN'),
    },
  ],
};

/** Blobs that are not stored, from an upstream whose own redirects are handed on. */
export const redirectedBlobs: Section = {
  title: 'pulling blobs',
  situation: 'redirecting',
  exchanges: [
    {
      name: 'GET is sent to where the bytes are',
      request: `GET /v2/library/alpine/blobs/${blob.digest}`,
      status: 307,
      answer: {
        location: /^https?:\/\//,
        'content-length': '0',
        'cache-control': 'private, no-store',
        'docker-content-digest': blob.digest,
      },
      body: '',
    },
    {
      name: 'HEAD is never redirected: the URL is signed for GET',
      request: `HEAD /v2/library/alpine/blobs/${blob.digest}`,
      status: 200,
      answer: { 'content-length': String(blob.size), location: undefined },
    },
  ],
};
