import { type Digest, isOfNothing } from '../oci/digest.ts';
import type { BlobHead, BlobLocating, CallCount } from '../ports/upstream.ts';
import { type Connection, endpoint } from './connection.ts';
import { contentLength } from './content-length.ts';
import type { UpstreamRequest } from './request.ts';
import { discard } from './response-body.ts';
import type { Session } from './session.ts';
import { refusalOf } from './status.ts';

/** A request for a blob. */
export function blobRequest(
  connection: Connection,
  method: 'GET' | 'HEAD',
  name: string,
  digest: Digest,
): UpstreamRequest {
  const url = endpoint(connection, `${name}/blobs/${digest}`);
  return { purpose: 'blob', method, name, url };
}

/**
 * HEAD of a blob. Registries that refuse HEAD only, or redirect it to a URL signed for GET, are
 * asked by a GET whose body is given up (registry.gitlab.com, ECR Public).
 */
export async function headBlob(
  session: Session,
  name: string,
  digest: Digest,
  calls: CallCount,
): Promise<BlobHead> {
  const { connection, exchange } = session;
  const request = blobRequest(connection, 'HEAD', name, digest);
  const answer = await exchange(request, calls);
  if (answer.kind === 'denied') return answer;
  if ([400, 403, 405, 501].includes(answer.response.status)) {
    await discard(answer.response);
    return sizeByGet(session, name, digest, calls);
  }
  const refused = await refusalOf(connection, request, answer);
  if (refused !== undefined) return refused;
  await discard(answer.response);
  return { kind: 'found', size: statedSize(answer.response, digest) };
}

/** Of all blobs one is empty; of any other 0 is what a server says that leaves out the body. */
function statedSize({ headers }: Response, digest: Digest): number | undefined {
  const size = contentLength(headers);
  return size === 0 && !isOfNothing(digest) ? undefined : size;
}

async function sizeByGet(
  { connection, exchange }: Session,
  name: string,
  digest: Digest,
  calls: CallCount,
): Promise<BlobHead> {
  const request = blobRequest(connection, 'GET', name, digest);
  const answer = await exchange(request, calls);
  if (answer.kind === 'denied') return answer;
  const refused = await refusalOf(connection, request, answer);
  if (refused !== undefined) return refused;
  await discard(answer.response);
  return { kind: 'found', size: statedSize(answer.response, digest) };
}

/** The first redirect of a blob's GET that leaves the registry, for a client to follow itself. */
export async function locateBlob(
  { connection, exchange }: Session,
  name: string,
  digest: Digest,
  calls: CallCount,
): Promise<BlobLocating> {
  const request: UpstreamRequest = {
    ...blobRequest(connection, 'GET', name, digest),
    follow: (target) => target.origin === connection.base.origin,
  };
  const answer = await exchange(request, calls);
  if (answer.kind === 'denied') return answer;
  if (answer.redirect !== undefined) {
    await discard(answer.response);
    return { kind: 'redirect', url: answer.redirect.href };
  }
  const refused = await refusalOf(connection, request, answer);
  if (refused !== undefined) return refused;
  await discard(answer.response);
  return { kind: 'direct' };
}
