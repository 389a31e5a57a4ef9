import { isNotModified, rangeApplies } from '../headers/conditional.ts';
import { contentRange, parseRange } from '../headers/range.ts';
import type { SingleRange } from '../mirror/mirror.ts';
import type { BlobOutcome } from '../mirror/outcome.ts';
import { type Digest, parseDigest } from '../oci/digest.ts';
import type { Answer, AskedRepository } from './answer.ts';
import {
  type AnswerHeaders,
  contentHeaders,
  forever,
  foundNote,
  never,
  provenanceHeaders,
} from './answer-headers.ts';
import { errorAnswer, subjectOf, unobtainedAnswer } from './error-answer.ts';
import { quoted, refusal } from './refusal.ts';

const whole = { kind: 'whole' } as const;

/** GET and HEAD of a blob, also of one range of it (distribution-spec §Pulling blobs). */
export async function answerBlob(asked: AskedRepository, text: string): Promise<Answer> {
  const digest = parseDigest(text);
  if (digest === undefined) return invalidDigest(asked, 'blob', text);
  const { mirrored } = asked;
  if (isNotModified(asked.request.header('if-none-match'), digest)) {
    // Asked for by HEAD: nothing has to be opened to say that nothing changed.
    const outcome = await mirrored.locateBlob(digest, 'HEAD', whole);
    return blobAnswer(asked, digest, outcome, 304);
  }
  const range = rangeOf(asked, digest);
  if (range === undefined) return severalRanges(asked, digest);
  const outcome = await mirrored.locateBlob(digest, asked.method, range);
  return blobAnswer(asked, digest, outcome, 200);
}

/** The one range that counts; undefined when several are asked for. HEAD has none. */
function rangeOf(asked: AskedRepository, digest: Digest): SingleRange | undefined {
  if (asked.method === 'HEAD') return whole;
  const header = asked.request.header('range');
  if (header === undefined || !rangeApplies(asked.request.header('if-range'), digest)) return whole;
  const range = parseRange(header);
  return range.kind === 'several' ? undefined : range;
}

/** `status` is that of a blob which is there: 200, or 304 when the client has it. */
function blobAnswer(
  asked: AskedRepository,
  digest: Digest,
  outcome: BlobOutcome,
  status: 200 | 304,
): Answer {
  switch (outcome.kind) {
    case 'known':
      return knownBlob(asked, digest, outcome, status);
    case 'stream':
      return streamedBlob(asked, digest, outcome);
    case 'redirect':
      return redirectedBlob(asked, digest, outcome);
    case 'unsatisfiable': {
      const message = `the blob has ${outcome.size} bytes, and the range lies outside`;
      const headers = { 'content-range': `bytes */${outcome.size}` };
      return errorAnswer(
        asked,
        refusal(416, 'RANGE_INVALID', message),
        subjectOf(asked, 'blob', digest),
        headers,
      );
    }
    case 'absent':
    case 'denied':
    case 'unobtainable':
      return unobtainedAnswer(asked, outcome, 'blob', digest);
  }
}

type Outcome<Kind extends BlobOutcome['kind']> = Extract<BlobOutcome, { kind: Kind }>;

function knownBlob(
  asked: AskedRepository,
  digest: Digest,
  { size, provenance }: Outcome<'known'>,
  status: 200 | 304,
): Answer {
  const headers = contentHeaders(asked, digest, provenance, forever);
  if (status === 200) describeBytes(headers, size);
  return { status, headers, body: undefined, note: foundNote(asked, 'blob', digest, provenance) };
}

function streamedBlob(
  asked: AskedRepository,
  digest: Digest,
  { size, range, body, provenance }: Outcome<'stream'>,
): Answer {
  const headers = contentHeaders(asked, digest, provenance, forever);
  const note = foundNote(asked, 'blob', digest, provenance);
  if (range === undefined || size === undefined) {
    describeBytes(headers, size);
    return { status: 200, headers, body, note };
  }
  describeBytes(headers, range.end - range.start + 1);
  headers['content-range'] = contentRange(range, size);
  return { status: 206, headers, body, note };
}

function redirectedBlob(
  asked: AskedRepository,
  digest: Digest,
  { url, provenance }: Outcome<'redirect'>,
): Answer {
  const headers = provenanceHeaders(asked, provenance);
  headers['docker-content-digest'] = digest;
  headers['cache-control'] = never;
  headers['content-length'] = '0';
  headers.location = url;
  const note = foundNote(asked, 'blob', digest, provenance);
  return { status: 307, headers, body: undefined, note };
}

function describeBytes(headers: AnswerHeaders, length: number | undefined): void {
  headers['content-type'] = 'application/octet-stream';
  headers['accept-ranges'] = 'bytes';
  if (length !== undefined) headers['content-length'] = String(length);
}

/** podman asks for fewer ranges after a 400, and reads the whole blob after a 200. */
function severalRanges(asked: AskedRepository, digest: Digest): Answer {
  const message = 'this mirror serves one range at a time';
  return errorAnswer(
    asked,
    refusal(400, 'RANGE_INVALID', message),
    subjectOf(asked, 'blob', digest),
  );
}

/** The answer to a digest of no registered algorithm, or of the wrong form. */
export function invalidDigest(asked: AskedRepository, kind: string, text: string): Answer {
  const message = `${quoted(text)} is no digest that this mirror can verify`;
  return errorAnswer(asked, refusal(400, 'DIGEST_INVALID', message), subjectOf(asked, kind));
}
