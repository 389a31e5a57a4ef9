import { parseContentRange } from '../headers/range.ts';
import { type Digest, isEmptyDigest } from '../oci/digest.ts';
import type {
  BlobHead,
  BlobOpening,
  BlobRedirect,
  BlobSlice,
  RemoteRepository,
} from '../ports/upstream.ts';
import { invalidAnswer } from '../ports/upstream-error.ts';
import type { Denied } from './auth/authorization.ts';
import { isRegistryBlob } from './auth/other-registries.ts';
import { blobBody } from './blob-body.ts';
import { type Connection, endpoint } from './connection.ts';
import { type Answer, describe, redirectUrl, send, type UpstreamRequest } from './request.ts';
import { contentLength, discard } from './response-body.ts';
import type { Session } from './session.ts';
import { isPage, refusalOf, refusedStatus } from './status.ts';

function blobRequest(
  connection: Connection,
  method: 'GET' | 'HEAD',
  remote: RemoteRepository,
  digest: Digest,
): UpstreamRequest {
  const url = endpoint(connection, `${remote.name}/blobs/${digest}`);
  return { purpose: 'blob', method, remote, url };
}

function isHeadRefused(answer: Answer | Denied): boolean {
  if (answer.kind === 'denied') return answer.despiteToken === true;
  return isPage(answer) || [400, 403, 405, 501].includes(answer.response.status);
}

/**
 * HEAD of a blob. Registries that refuse only HEAD, or redirect it to a URL signed for GET, get a GET
 * whose body is dropped (registry.gitlab.com, ECR Public).
 */
export async function headBlob(
  { connection, exchange }: Session,
  remote: RemoteRepository,
  digest: Digest,
): Promise<BlobHead> {
  let request = blobRequest(connection, 'HEAD', remote, digest);
  let answer = await exchange(request);
  if (isHeadRefused(answer)) {
    if (answer.kind === 'answer') await discard(answer.response);
    request = blobRequest(connection, 'GET', remote, digest);
    answer = await exchange(request);
  }
  if (answer.kind === 'denied') return { kind: 'denied' };
  const refused = await refusalOf(connection, request, answer);
  if (refused !== undefined) return refused;
  await discard(answer.response);
  const size = contentLength(answer.response.headers);
  // Servers that leave out the body may state 0, which is right for the empty blob only.
  return { kind: 'found', size: size === 0 && !isEmptyDigest(digest) ? undefined : size };
}

/** The first redirect of a blob's GET that leaves registries, for a client to follow. */
export async function locateBlob(
  { connection, exchange }: Session,
  remote: RemoteRepository,
  digest: Digest,
): Promise<BlobRedirect> {
  const request: UpstreamRequest = {
    ...blobRequest(connection, 'GET', remote, digest),
    // Another registry may demand a token, which a client would not have.
    follow: (target) => target.origin === connection.url.origin || isRegistryBlob(target),
  };
  const answer = await exchange(request);
  if (answer.kind === 'denied') return { kind: 'denied' };
  const { redirect, response } = answer;
  const refused = redirect === undefined && (await refusalOf(connection, request, answer));
  if (refused) return refused;
  await discard(response);
  return redirect === undefined ? { kind: 'direct' } : { kind: 'redirect', url: redirect.href };
}

/** Where a slice is in a response's body. */
interface Placement {
  /** Of the whole blob. */
  readonly size: number | undefined;
  readonly skip: number;
  readonly length: number | undefined;
  readonly cut: boolean;
}

function isWhole(slice: BlobSlice): boolean {
  return slice.start === 0 && slice.end === undefined;
}

function rangeHeader(slice: BlobSlice): Record<string, string> {
  return isWhole(slice) ? {} : { range: `bytes=${slice.start}-${slice.end ?? ''}` };
}

/** A 206 must be exactly the requested slice (RFC 9110 §15.3.7). */
function placePartial(response: Response, slice: BlobSlice): Placement | undefined {
  const range = parseContentRange(response.headers.get('content-range') ?? undefined);
  if (range === undefined || isWhole(slice) || range.start !== slice.start) return undefined;
  const last = range.size === undefined ? range.end : range.size - 1;
  if (range.end !== Math.min(slice.end ?? last, last)) return undefined;
  return { size: range.size, skip: 0, length: range.end - range.start + 1, cut: false };
}

/** A 200 is the whole blob: the upstream ignores Range, so the slice is cut out here. */
function placeWhole(response: Response, slice: BlobSlice): Placement | undefined {
  const size = contentLength(response.headers);
  if (isWhole(slice)) return { size, skip: 0, length: size, cut: false };
  const { start } = slice;
  if (size !== undefined && start >= size) return undefined;
  const lastByte = size === undefined ? undefined : size - 1;
  const end = Math.min(slice.end ?? Infinity, lastByte ?? Infinity);
  const length = end === Infinity ? undefined : end - start + 1;
  return { size, skip: start, length, cut: end !== lastByte && length !== undefined };
}

/**
 * GET of a blob or a slice of it, redirects followed (distribution-spec §Pulling blobs). Throws an
 * UpstreamError `invalid` for another range than the requested one. Ignores Content-Encoding, which some
 * servers send with unencoded layers: the digest shows whether the bytes are right.
 */
export async function openBlob(
  { connection, exchange }: Session,
  remote: RemoteRepository,
  digest: Digest,
  slice: BlobSlice,
): Promise<BlobOpening> {
  const headers = rangeHeader(slice);
  const request = { ...blobRequest(connection, 'GET', remote, digest), headers };
  const answer = await exchange(request);
  if (answer.kind === 'denied') return { kind: 'denied' };
  return openAnswer(connection, request, answer, slice);
}

/**
 * GET of a blob or a slice of it at the URL of an earlier redirect: without a token, and unseen by the
 * registry. Throws an UpstreamError `unavailable` if that URL no longer serves it.
 */
export async function openLocated(
  { connection }: Session,
  remote: RemoteRepository,
  location: string,
  slice: BlobSlice,
): Promise<BlobOpening> {
  const url = redirectUrl(connection, location, remote.name);
  const headers = rangeHeader(slice);
  const request: UpstreamRequest = { purpose: 'blob', method: 'GET', remote, url, headers };
  const answer = await send(connection, request, undefined);
  const { status } = answer.response;
  if (status !== 200 && status !== 206) throw await refusedStatus(connection, request, answer);
  return openAnswer(connection, request, answer, slice);
}

async function openAnswer(
  connection: Connection,
  request: UpstreamRequest,
  answer: Answer,
  slice: BlobSlice,
): Promise<BlobOpening> {
  const { response, answerer } = answer;
  const { status } = response;
  const what = describe(connection, request, answerer);
  const invalid = async (reason: string) => {
    await discard(response);
    return invalidAnswer(what, reason, status);
  };
  if (status === 416) throw await invalid('the range is beyond the blob');
  const refused = status === 206 ? undefined : await refusalOf(connection, request, answer);
  if (refused !== undefined) return refused;
  const place = status === 206 ? placePartial : placeWhole;
  const placement = place(response, slice);
  if (placement === undefined) throw await invalid('another range than requested');
  const { size, ...part } = placement;
  const source = (response.body ?? new Blob([]).stream()).getReader();
  const body = blobBody(source, { what, ...part, stallTimeout: connection.stallTimeout });
  const { role, host } = answerer;
  return { kind: 'found', size, body, blobHost: role === 'blob-host' ? host : undefined };
}
