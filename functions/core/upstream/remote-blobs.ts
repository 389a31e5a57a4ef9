import { parseContentRange } from '../headers/range.ts';
import { type Digest, isEmptyDigest } from '../oci/digest.ts';
import type {
  BlobHead,
  BlobLocating,
  BlobOpening,
  BlobSlice,
  RemoteRepository,
} from '../ports/upstream.ts';
import { invalidAnswer } from '../ports/upstream-error.ts';
import { blobBody } from './blob-body.ts';
import { type Connection, endpoint } from './connection.ts';
import { type Answer, describe, redirectUrl, send, type UpstreamRequest } from './request.ts';
import { contentLength, discard } from './response-body.ts';
import type { Session } from './session.ts';
import { refusalOf, refusedStatus } from './status.ts';

/** A request for a blob. */
export function blobRequest(
  connection: Connection,
  method: 'GET' | 'HEAD',
  remote: RemoteRepository,
  digest: Digest,
): UpstreamRequest {
  const url = endpoint(connection, `${remote.name}/blobs/${digest}`);
  return { purpose: 'blob', method, remote, url };
}

/**
 * HEAD of a blob. Registries that refuse HEAD only, or redirect it to a URL signed for GET, are
 * asked by a GET whose body is given up (registry.gitlab.com, ECR Public).
 */
export async function headBlob(
  session: Session,
  remote: RemoteRepository,
  digest: Digest,
): Promise<BlobHead> {
  const { connection, exchange } = session;
  const request = blobRequest(connection, 'HEAD', remote, digest);
  const answer = await exchange(request);
  if (answer.kind === 'denied') return answer;
  if ([400, 403, 405, 501].includes(answer.response.status)) {
    await discard(answer.response);
    return sizeByGet(session, remote, digest);
  }
  const refused = await refusalOf(connection, request, answer);
  if (refused !== undefined) return refused;
  await discard(answer.response);
  return { kind: 'found', size: statedSize(answer.response, digest) };
}

/** Of all blobs one is empty; of any other 0 is what a server says that leaves out the body. */
function statedSize({ headers }: Response, digest: Digest): number | undefined {
  const size = contentLength(headers);
  return size === 0 && !isEmptyDigest(digest) ? undefined : size;
}

async function sizeByGet(
  { connection, exchange }: Session,
  remote: RemoteRepository,
  digest: Digest,
): Promise<BlobHead> {
  const request = blobRequest(connection, 'GET', remote, digest);
  const answer = await exchange(request);
  if (answer.kind === 'denied') return answer;
  const refused = await refusalOf(connection, request, answer);
  if (refused !== undefined) return refused;
  await discard(answer.response);
  return { kind: 'found', size: statedSize(answer.response, digest) };
}

/** The first redirect of a blob's GET that leaves the registry, for a client to follow itself. */
export async function locateBlob(
  { connection, exchange }: Session,
  remote: RemoteRepository,
  digest: Digest,
): Promise<BlobLocating> {
  const request: UpstreamRequest = {
    ...blobRequest(connection, 'GET', remote, digest),
    follow: (target) => target.origin === connection.base.origin,
  };
  const answer = await exchange(request);
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

/** Where the wanted bytes are in a response's body. */
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

/** A 206 is good only if it is the slice that was asked for (RFC 9110 §15.3.7). */
function placePartial(response: Response, slice: BlobSlice): Placement | undefined {
  const range = parseContentRange(response.headers.get('content-range') ?? undefined);
  if (range === undefined || isWhole(slice) || range.start !== slice.start) return undefined;
  const last = range.size === undefined ? range.end : range.size - 1;
  const wantedEnd = Math.min(slice.end ?? last, last);
  if (range.end !== wantedEnd) return undefined;
  return { size: range.size, skip: 0, length: range.end - range.start + 1, cut: false };
}

/** A 200 is the whole blob: this upstream ignores Range, so the slice is cut out of it. */
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
 * UpstreamError `invalid` for an encoded body, a range that cannot be, or another range than asked.
 */
export async function openBlob(
  { connection, exchange }: Session,
  remote: RemoteRepository,
  digest: Digest,
  slice: BlobSlice,
): Promise<BlobOpening> {
  const request = {
    ...blobRequest(connection, 'GET', remote, digest),
    headers: rangeHeader(slice),
  };
  const answer = await exchange(request);
  if (answer.kind === 'denied') return answer;
  return readOpening(connection, request, answer, slice);
}

/**
 * GET of a blob or a slice of it where the upstream redirected to before: no token goes there, and
 * the registry does not see it. Throws an UpstreamError `unavailable` when it is not had there.
 */
export async function openLocated(
  { connection }: Session,
  remote: RemoteRepository,
  url: string,
  slice: BlobSlice,
): Promise<BlobOpening> {
  const request: UpstreamRequest = {
    purpose: 'blob',
    method: 'GET',
    remote,
    url: redirectUrl(connection, url, remote.name),
    headers: rangeHeader(slice),
  };
  const answer = await send(connection, request, undefined);
  const { status } = answer.response;
  if (status !== 200 && status !== 206) throw await refusedStatus(connection, request, answer);
  return readOpening(connection, request, answer, slice);
}

async function readOpening(
  connection: Connection,
  request: UpstreamRequest,
  answer: Answer,
  slice: BlobSlice,
): Promise<BlobOpening> {
  const { response, answerer } = answer;
  const what = describe(connection, request, answerer);
  const invalid = async (reason: string) => {
    await discard(response);
    const { status } = response;
    return invalidAnswer(what, reason, status);
  };
  if (response.status === 416) throw await invalid('the range is beyond the blob');
  if (response.status !== 206) {
    const refused = await refusalOf(connection, request, answer);
    if (refused !== undefined) return refused;
  }
  const encoding = response.headers.get('content-encoding')?.trim().toLowerCase() ?? '';
  if (encoding !== '' && encoding !== 'identity') throw await invalid('an encoded body');
  const place = response.status === 206 ? placePartial : placeWhole;
  const placement = place(response, slice);
  if (placement === undefined) throw await invalid('another range than asked for');
  const { size, ...part } = placement;
  const source = (response.body ?? new Blob([]).stream()).getReader();
  const body = blobBody(source, { what, ...part, stallTimeout: connection.stallTimeout });
  const { role, host } = answerer;
  return { kind: 'found', size, body, blobHost: role === 'blob-host' ? host : undefined };
}
