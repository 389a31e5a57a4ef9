import { absentDigest, alpine } from './content.ts';
import { type Exchange, errorOf, type Section } from './exchange.ts';

const { manifest } = alpine.index;
const blob = alpine.amd64.config;
const byTag = 'GET /v2/library/alpine/manifests/3.20';
const ofBlob = `GET /v2/library/alpine/blobs/${blob.digest}`;

function unchanged(name: string, request: string, tag: string, digest: string): Exchange {
  return {
    name,
    request,
    headers: { 'if-none-match': tag },
    status: 304,
    answer: {
      etag: `"${digest}"`,
      'docker-content-digest': digest,
      'content-type': undefined,
      'content-length': undefined,
    },
    body: '',
    alsoHead: true,
  };
}

/** RFC 9110 §13: requests by clients that have the content already. */
export const conditional: Section = {
  title: 'conditional requests',
  exchanges: [
    {
      name: 'the manifest that names the blob',
      request: `GET /v2/library/alpine/manifests/${alpine.amd64.manifest.digest}`,
      status: 200,
    },
    unchanged('the tag', byTag, `"${manifest.digest}"`, manifest.digest),
    unchanged('a weak tag', byTag, `W/"${manifest.digest}"`, manifest.digest),
    unchanged('a list', byTag, `"a", W/"b" ,"${manifest.digest}"`, manifest.digest),
    unchanged('anything', byTag, '*', manifest.digest),
    unchanged('a blob', ofBlob, `"${blob.digest}"`, blob.digest),
    unchanged('any blob', ofBlob, '*', blob.digest),
    {
      name: 'another manifest',
      request: byTag,
      headers: { 'if-none-match': `"${absentDigest}"` },
      status: 200,
      body: manifest.bytes,
      alsoHead: true,
    },
    {
      name: 'another blob',
      request: ofBlob,
      headers: { 'if-none-match': `"${absentDigest}", "a"` },
      status: 200,
      body: blob.bytes,
    },
    {
      name: 'an absent blob is absent, also for who has it',
      request: `GET /v2/library/alpine/blobs/${absentDigest}`,
      headers: { 'if-none-match': `"${absentDigest}"` },
      status: 404,
      body: errorOf('BLOB_UNKNOWN'),
    },
  ],
};
