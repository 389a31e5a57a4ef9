import type { Referrer } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { essence, mediaType } from '../oci/media-type.ts';
import { type Referrers, readReferrers } from '../oci/referrers-index.ts';
import type { ReferrersListing, RemoteRepository } from '../ports/upstream.ts';
import { type Connection, endpoint } from './connection.ts';
import { listPages } from './pages.ts';
import type { Answer, UpstreamRequest } from './request.ts';
import { discard } from './response-body.ts';
import type { Session } from './session.ts';
import { readAnswer, refusedStatus } from './status.ts';

/** Of the whole list, in bytes: registries choose their pages, and a mirror its memory. */
const maxBytes = 8 * 1024 * 1024;
const maxPages = 1000;

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
  for await (const { request, answer } of listPages(session, list, maxPages)) {
    if (answer.kind === 'denied') return { kind: 'unsupported' };
    const bytes = await readPage(connection, request, answer, left);
    const page = bytes && readReferrers(bytes);
    if (bytes === undefined || page === undefined) return { kind: 'unsupported' };
    left -= bytes.byteLength;
    for (const referrer of page.manifests) manifests.push(referrer);
    annotations ??= page.annotations;
  }
  return { kind: 'found', manifests, ...(annotations && { annotations }) };
}
