import { isNotModified, rangeApplies } from '../headers/conditional.ts';
import { contentRange, mostRanges, parseRange, type RangeRequest } from '../headers/range.ts';
import type { BlobOutcome, RangesOutcome } from '../mirror/mirror.ts';
import { type Digest, parseDigest } from '../oci/digest.ts';
import type { Answer, RepositoryRequest } from './answer.ts';
import {
  type AnswerHeaders,
  contentHeaders,
  contentNote,
  immutable,
  noStore,
  provenanceHeaders,
} from './answer-headers.ts';
import { errorAnswer, subjectOf, unobtainedAnswer } from './error-answer.ts';
import { multipartRanges } from './multipart-ranges.ts';
import { quoted, type Refusal, refusal } from './refusal.ts';

const whole = { kind: 'whole' } as const;

/**
 * GET and HEAD of a blob or of one range of it (distribution-spec §Pulling blobs). `urlLife`, in ms,
 * overrides how long a URL of the bucket is valid.
 */
export async function answerBlob(
  request: RepositoryRequest,
  text: string,
  urlLife?: number,
): Promise<Answer> {
  const digest = parseDigest(text);
  if (digest === undefined) return invalidDigest(request, 'blob', text);
  const { mirrored, raw, method } = request;
  if (isNotModified(raw.header('if-none-match'), digest)) {
    // HEAD, because a 304 needs no open blob.
    const outcome = await mirrored.locateBlob(digest, 'HEAD', whole);
    return blobAnswer(request, digest, outcome, 304);
  }
  const range = rangeOf(request, digest);
  if (range.kind === 'too-many') return refuseRanges(request, digest);
  if (range.kind === 'several') {
    const outcome = await mirrored.locateRanges(digest, range.ranges, urlLife);
    if (outcome.kind === 'refused') return refuseRanges(request, digest);
    if (outcome.kind === 'parts') return blobParts(request, digest, outcome);
    return blobAnswer(request, digest, outcome, 200);
  }
  const outcome = await mirrored.locateBlob(digest, method, range, urlLife);
  return blobAnswer(request, digest, outcome, 200);
}

/** The requested range, which only GET has. */
function rangeOf({ method, raw }: RepositoryRequest, digest: Digest): RangeRequest {
  const header = method === 'HEAD' ? undefined : raw.header('range');
  if (header === undefined || !rangeApplies(raw.header('if-range'), digest)) return whole;
  return parseRange(header);
}

/** podman requests fewer ranges after a 400; after a 200 it would read the whole blob twice. */
function refuseRanges(request: RepositoryRequest, digest: Digest): Answer {
  const message = `this mirror serves up to ${mostRanges} ranges of a stored blob, and else one range`;
  return refuseBlob(request, digest, refusal(400, 'RANGE_INVALID', message));
}

/** `status` applies to a blob that exists: 304 if the client already has it. */
export function blobAnswer(
  request: RepositoryRequest,
  digest: Digest,
  outcome: BlobOutcome,
  status: 200 | 304,
): Answer {
  switch (outcome.kind) {
    case 'known': {
      const { size, provenance } = outcome;
      const headers = contentHeaders(request, digest, provenance, immutable);
      if (status === 200) describeBytes(headers, size);
      const note = contentNote(request, 'blob', digest, provenance);
      return { status, headers, body: undefined, note };
    }
    case 'stream':
      return blobStream(request, digest, outcome);
    case 'redirect': {
      const { url, stored, provenance } = outcome;
      const headers = provenanceHeaders(request, provenance);
      headers['docker-content-digest'] = digest;
      headers['cache-control'] = noStore;
      headers['content-length'] = '0';
      headers.location = url;
      const note = contentNote(request, 'blob', digest, provenance);
      const noted = stored === undefined ? note : { ...note, redirected: stored };
      return { status: 307, headers, body: undefined, note: noted };
    }
    case 'unsatisfiable': {
      const { size } = outcome;
      const message = `the range is outside the blob, which has ${size} bytes`;
      return refuseBlob(request, digest, refusal(416, 'RANGE_INVALID', message), {
        'content-range': `bytes */${size}`,
      });
    }
    case 'absent':
    case 'denied':
    case 'unobtainable':
      return unobtainedAnswer(request, outcome, 'blob', digest);
  }
}

function blobStream(
  request: RepositoryRequest,
  digest: Digest,
  { size, range, body, provenance }: Extract<BlobOutcome, { kind: 'stream' }>,
): Answer {
  const headers = contentHeaders(request, digest, provenance, immutable);
  const note = contentNote(request, 'blob', digest, provenance);
  if (range === undefined || size === undefined) {
    describeBytes(headers, size);
    return { status: 200, headers, body, note };
  }
  describeBytes(headers, range.end - range.start + 1);
  headers['content-range'] = contentRange(range, size);
  return { status: 206, headers, body, note };
}

function blobParts(
  request: RepositoryRequest,
  digest: Digest,
  { size, parts, provenance }: Extract<RangesOutcome, { kind: 'parts' }>,
): Answer {
  const headers = contentHeaders(request, digest, provenance, immutable);
  const note = contentNote(request, 'blob', digest, provenance);
  const { contentType, contentLength, body } = multipartRanges(digest, size, parts);
  describeBytes(headers, contentLength);
  headers['content-type'] = contentType;
  return { status: 206, headers, body, note };
}

function describeBytes(headers: AnswerHeaders, length: number | undefined): void {
  headers['content-type'] = 'application/octet-stream';
  headers['accept-ranges'] = 'bytes';
  if (length !== undefined) headers['content-length'] = String(length);
}

function refuseBlob(
  request: RepositoryRequest,
  digest: Digest,
  refusal: Refusal,
  headers?: AnswerHeaders,
): Answer {
  return errorAnswer(request, refusal, subjectOf(request, 'blob', digest), headers);
}

/** The answer to a digest that is malformed or of an unsupported algorithm. */
export function invalidDigest(request: RepositoryRequest, kind: string, text: string): Answer {
  const message = `unsupported or malformed digest ${quoted(text)}`;
  return errorAnswer(request, refusal(400, 'DIGEST_INVALID', message), subjectOf(request, kind));
}
