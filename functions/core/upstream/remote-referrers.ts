import type { Referrer } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { essence, mediaType } from '../oci/media-type.ts';
import { type Referrers, readReferrers } from '../oci/referrers-index.ts';
import type { ReferrersListing, RemoteRepository } from '../ports/upstream.ts';
import { invalidAnswer, UpstreamError } from '../ports/upstream-error.ts';
import { type Connection, endpoint } from './connection.ts';
import { listPages } from './pages.ts';
import { type Answer, describe, type UpstreamRequest } from './request.ts';
import { discard } from './response-body.ts';
import type { Session } from './session.ts';
import { readAnswer, refusedStatus } from './status.ts';

/** Of the whole list, in bytes: registries choose their pages, and a mirror its memory. */
const maxBytes = 8 * 1024 * 1024;
const maxReferrers = 10_000;
const maxPages = 1000;
/** A registry may filter its pages, but not for ever. */
const maxEmptyPages = 20;
/** For the whole list, in ms: other clients that request it wait for it. */
const maxTime = 20_000;

/** True for a status that does not tell whether there is a referrers API. */
function isInconclusive(status: number): boolean {
  return status === 408 || status === 429 || (status >= 500 && status !== 501);
}

/**
 * The bytes of one page of at most `most`; undefined if the answer is not of the referrers API. Its
 * type does not tell: some registries send the list as `application/json`.
 */
async function readPage(
  connection: Connection,
  request: UpstreamRequest,
  answer: Answer,
  most: number,
): Promise<Uint8Array | undefined> {
  const { response } = answer;
  if (isInconclusive(response.status)) throw await refusedStatus(connection, request, answer);
  const type = essence(response.headers.get('content-type') ?? '');
  if (response.status === 200 && type !== 'text/html') {
    return readAnswer(connection, request, answer, most);
  }
  await discard(response);
  return undefined;
}

/**
 * The referrers of a manifest by the registry's API (distribution-spec §Listing referrers). A refusal
 * is `unsupported` too: the caller asks for the fallback tag next, which gets the clearer answer.
 */
export async function listReferrers(
  session: Session,
  remote: RemoteRepository,
  subject: Digest,
): Promise<ReferrersListing> {
  const { connection } = session;
  const list: UpstreamRequest = {
    purpose: 'referrers',
    method: 'GET',
    remote,
    url: endpoint(connection, `${remote.name}/referrers/${subject}`),
    headers: { accept: mediaType.ociIndex },
    // ghcr.io redirects by 303 to a page of its web site.
    follow: (_target, status) => status !== 303,
  };
  const manifests: Referrer[] = [];
  let annotations: Referrers['annotations'];
  let left = maxBytes;
  let emptyPages = 0;
  const deadline = connection.runtime.now() + maxTime;
  for await (const { request, answer } of listPages(session, list, maxPages)) {
    if (answer.kind === 'denied') return { kind: 'unsupported' };
    const bytes = await readPage(connection, request, answer, left);
    const page = bytes && readReferrers(bytes);
    if (bytes === undefined || page === undefined) return { kind: 'unsupported' };
    left -= bytes.byteLength;
    for (const referrer of page.manifests) manifests.push(referrer);
    annotations ??= page.annotations;
    emptyPages = page.manifests.length === 0 ? emptyPages + 1 : 0;
    if (manifests.length > maxReferrers || emptyPages > maxEmptyPages) {
      throw invalidAnswer(describe(connection, request), 'a list without end');
    }
    if (connection.runtime.now() < deadline) continue;
    const what = describe(connection, request);
    throw new UpstreamError('timeout', `${what}: a list of more than ${maxTime / 1000} s`);
  }
  return { kind: 'found', manifests, ...(annotations && { annotations }) };
}
