import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { essence, mediaType } from '../oci/media-type.ts';
import { readReferrers } from '../oci/referrers-index.ts';
import type { ReferrersListing, RemoteRepository } from '../ports/upstream.ts';
import { type Connection, endpoint } from './connection.ts';
import { listPages } from './pages.ts';
import type { Answer, UpstreamRequest } from './request.ts';
import { discard } from './response-body.ts';
import type { Session } from './session.ts';
import { readAnswer, refusedStatus } from './status.ts';

const maxPages = 50;
const maxPageBytes = 4 * 1024 * 1024;

/** True for a status that does not tell whether there is a referrers API. */
function isInconclusive(status: number): boolean {
  return status === 408 || status === 429 || (status >= 500 && status !== 501);
}

/** The descriptors of one page; undefined if the answer is not of the referrers API. */
async function readPage(
  connection: Connection,
  request: UpstreamRequest,
  answer: Answer,
): Promise<readonly Descriptor[] | undefined> {
  const { response } = answer;
  if (isInconclusive(response.status)) throw await refusedStatus(connection, request, answer);
  const type = essence(response.headers.get('content-type') ?? '');
  if (response.status !== 200 || type !== mediaType.ociIndex) {
    await discard(response);
    return undefined;
  }
  return readReferrers(await readAnswer(connection, request, answer, maxPageBytes));
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
  const manifests: Descriptor[] = [];
  for await (const { request, answer } of listPages(session, list, maxPages)) {
    if (answer.kind === 'denied') return { kind: 'unsupported' };
    const page = await readPage(connection, request, answer);
    if (page === undefined) return { kind: 'unsupported' };
    manifests.push(...page);
  }
  return { kind: 'found', manifests };
}
