import { alpine } from './content.ts';
import { type Exchange, errorOf, type Section } from './exchange.ts';

const manifest = '/v2/library/alpine/manifests/3.20';
const byDigest = `/v2/library/alpine/manifests/${alpine.index.manifest.digest}`;
const blob = `/v2/library/alpine/blobs/${alpine.amd64.config.digest}`;
const tags = '/v2/library/alpine/tags/list';

/** The registry after `/v2` (podman, skopeo, BuildKit, kaniko), and before it (dockerd, containerd). */
const afterV2 = (path: string) => path.replace('/v2/', '/v2/docker.io/');
const beforeV2 = (path: string) => `/docker.io${path}`;

function refused(
  name: string,
  path: string,
  status: number,
  code: string,
  retryAfter: string | RegExp | undefined,
): Exchange {
  const answer = { 'retry-after': retryAfter };
  return { name, request: `GET ${path}`, status, answer, body: errorOf(code), alsoHead: true };
}

/** From 1 to 60 s: podman waits that long. */
const seconds = /^([1-9]|[1-5]\d|60)$/;

/** The table "When we cannot serve": an upstream that limits us, and no copy. */
export const limited: Section = {
  title: 'status policy',
  situation: 'limited',
  exchanges: [manifest, byDigest, blob, tags].flatMap((path) => [
    refused('without ns', path, 429, 'TOOMANYREQUESTS', '1'),
    refused('with ns', `${path}?ns=docker.io`, 503, 'TOOMANYREQUESTS', seconds),
    refused('with an empty ns', `${path}?ns=`, 429, 'TOOMANYREQUESTS', '1'),
    refused('registry after /v2', afterV2(path), 503, 'TOOMANYREQUESTS', seconds),
    refused('registry before /v2', beforeV2(path), 429, 'TOOMANYREQUESTS', '1'),
  ]),
};

/** The same table: an upstream that is gone, and no copy. */
export const down: Section = {
  title: 'status policy',
  situation: 'down',
  exchanges: [
    ...[manifest, byDigest, tags].map((path) =>
      refused('without ns', path, 503, 'UNAVAILABLE', undefined),
    ),
    refused('without ns: dockerd falls back at once', blob, 429, 'TOOMANYREQUESTS', '1'),
    ...[manifest, byDigest, blob, tags].map((path) =>
      refused('with ns', `${path}?ns=docker.io`, 503, 'UNAVAILABLE', seconds),
    ),
    ...[manifest, blob].map((path) =>
      refused('registry after /v2', afterV2(path), 503, 'UNAVAILABLE', seconds),
    ),
    refused('registry before /v2', beforeV2(blob), 429, 'TOOMANYREQUESTS', '1'),
  ],
};

const { index, amd64 } = alpine;

/** What is mirrored keeps working, and says that it may be out of date. */
export const stale: Section = {
  title: 'status policy',
  situation: 'stale',
  exchanges: [
    {
      name: 'a tag out of date',
      request: `GET ${manifest}`,
      status: 200,
      answer: {
        warning: /^299 - "stale: [ -~]+"$/,
        'cache-control': 'no-cache, no-transform',
        'cache-status': 'Pullfront; hit; detail=stale',
        'docker-content-digest': index.manifest.digest,
      },
      body: index.manifest.bytes,
    },
    {
      name: 'a digest is never out of date',
      request: `GET ${byDigest}`,
      status: 200,
      answer: {
        warning: undefined,
        'cache-control': 'public, max-age=31536000, immutable, no-transform',
      },
      body: index.manifest.bytes,
    },
    {
      name: 'a stored blob',
      request: `GET ${blob}`,
      status: 200,
      answer: { warning: undefined },
      body: amd64.config.bytes,
    },
  ],
};
