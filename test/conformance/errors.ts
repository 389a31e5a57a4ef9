import { deniedRepository } from './content.ts';
import { type Exchange, errorOf, type Section } from './exchange.ts';

function refused(name: string, request: string, status: number, code: string): Exchange {
  return { name, request: `GET ${request}`, status, body: errorOf(code), alsoHead: true };
}

const blobs = '/v2/library/alpine/blobs';
const manifests = '/v2/library/alpine/manifests';

/** distribution-spec §Error codes: what is wrong with the request itself. */
export const errors: Section = {
  title: 'errors',
  exchanges: [
    refused(
      'a digest of no algorithm',
      `${manifests}/sha256:baddigeststring`,
      400,
      'DIGEST_INVALID',
    ),
    refused('upper-case hex', `${blobs}/sha256:${'A'.repeat(64)}`, 400, 'DIGEST_INVALID'),
    refused('a digest too short', `${blobs}/sha256:${'a'.repeat(63)}`, 400, 'DIGEST_INVALID'),
    refused('a tag for a blob', `${blobs}/latest`, 400, 'DIGEST_INVALID'),
    refused('an unknown algorithm', `${blobs}/md5:${'a'.repeat(32)}`, 400, 'DIGEST_INVALID'),
    refused('no tag', `${manifests}/-latest`, 404, 'MANIFEST_UNKNOWN'),
    refused('a tag too long', `${manifests}/${'a'.repeat(129)}`, 404, 'MANIFEST_UNKNOWN'),
    refused('upper case', '/v2/library/Alpine/manifests/3.20', 400, 'NAME_INVALID'),
    refused('an empty component', '/v2/library//alpine/manifests/3.20', 400, 'NAME_INVALID'),
    refused('no name', '/v2/manifests/3.20', 400, 'NAME_INVALID'),
    refused('a name too long', `/v2/${'a/'.repeat(150)}a/manifests/latest`, 400, 'NAME_INVALID'),
    refused('a slash in disguise', '/v2/library%2Falpine/manifests/3.20', 400, 'NAME_INVALID'),
    refused('no UTF-8', '/v2/library/%ff/manifests/3.20', 400, 'NAME_INVALID'),
    refused('encoded twice', '/v2/library%252Falpine/manifests/3.20', 400, 'NAME_INVALID'),
    refused('only a registry', '/v2/ghcr.io/manifests/latest', 400, 'NAME_INVALID'),
    refused('not allowed', `/v2/${deniedRepository}/manifests/latest`, 403, 'DENIED'),
    refused('not allowed, by ns', `/v2/${deniedRepository}/tags/list?ns=docker.io`, 403, 'DENIED'),
    refused('a trailing slash', '/v2/library/alpine/manifests/3.20/', 404, 'UNSUPPORTED'),
    refused('no reference', '/v2/library/alpine/manifests/', 404, 'UNSUPPORTED'),
    refused('no endpoint', '/v2/library/alpine', 404, 'UNSUPPORTED'),
    refused('version 1', '/v1/_ping', 404, 'UNSUPPORTED'),
  ],
};
