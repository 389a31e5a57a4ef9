import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { essence, mediaType } from '../oci/media-type.ts';
import { readReferrers } from '../oci/referrers-index.ts';
import type { ReferrersListing, RemoteRepository } from '../ports/upstream.ts';
import { invalidAnswer } from '../ports/upstream-error.ts';
import { type Connection, endpoint } from './connection.ts';
import { nextPage } from './follow-pages.ts';
import { type Answer, describe, type UpstreamRequest } from './request.ts';
import { discard, readBody } from './response-body.ts';
import type { Session } from './session.ts';
import { refusedStatus } from './status.ts';

const maxPages = 50;
const maxPageBytes = 4 * 1024 * 1024;

/** Statuses below 500 say that there is no such API here; 429 and 5xx say nothing about it. */
function saysNothing(status: number): boolean {
  return status === 408 || status === 429 || (status >= 500 && status !== 501);
}

/** The descriptors of one page; undefined when this is no answer of the referrers API. */
async function readPage(
  connection: Connection,
  request: UpstreamRequest,
  answer: Answer,
): Promise<readonly Descriptor[] | undefined> {
  const { response, answerer } = answer;
  if (saysNothing(response.status)) throw await refusedStatus(connection, request, answer);
  const type = essence(response.headers.get('content-type') ?? '');
  if (response.status !== 200 || type !== mediaType.ociIndex) {
    await discard(response);
    return undefined;
  }
  const what = describe(connection, request, answerer);
  const bounds = { what, answerer, maxBytes: maxPageBytes, timeout: connection.stallTimeout };
  return readReferrers(await readBody(response, bounds));
}

/**
 * What refers to a manifest, by the registry's referrers API (distribution-spec §Listing
 * referrers). Refusals are `unsupported` too: the fallback tag, asked next, tells them better.
 */
export async function listReferrers(
  { connection, exchange }: Session,
  remote: RemoteRepository,
  subject: Digest,
): Promise<ReferrersListing> {
  const list = endpoint(connection, `${remote.name}/referrers/${subject}`);
  const manifests: Descriptor[] = [];
  let url: URL | undefined = list;
  for (let page = 0; url !== undefined; page++) {
    const request: UpstreamRequest = {
      purpose: 'referrers',
      method: 'GET',
      remote,
      url,
      headers: { accept: mediaType.ociIndex },
      // ghcr.io redirects by 303 to a page of its web site.
      follow: (_target, status) => status !== 303,
    };
    const what = describe(connection, request);
    if (page >= maxPages) throw invalidAnswer(what, 'too many pages');
    const answer = await exchange(request);
    if (answer.kind === 'denied') return { kind: 'unsupported' };
    const read = await readPage(connection, request, answer);
    if (read === undefined) return { kind: 'unsupported' };
    manifests.push(...read);
    url = nextPage(what, list, url, answer);
  }
  return { kind: 'found', manifests };
}
