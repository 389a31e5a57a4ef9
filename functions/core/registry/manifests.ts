import { asksToConfirm } from '../headers/cache-control.ts';
import { isNotModified } from '../headers/conditional.ts';
import type { ManifestOutcome } from '../mirror/mirror.ts';
import { policyText } from '../observe/wording.ts';
import { parseReference, type Reference } from '../oci/reference.ts';
import type { Answer, RepositoryRequest } from './answer.ts';
import {
  addWarning,
  contentHeaders,
  contentNote,
  immutable,
  tagCacheControl,
} from './answer-headers.ts';
import { invalidDigest } from './blobs.ts';
import { errorAnswer, subjectOf, unobtainedAnswer } from './error-answer.ts';
import { quoted, refusal } from './refusal.ts';
import { refusalOfRule } from './status-policy.ts';

/**
 * GET and HEAD of a manifest (distribution-spec §Pulling manifests). Accept is ignored: an older
 * client's shorter list must not decide what is stored for a tag. `finish` may change the answer; here
 * it costs no promise of its own.
 */
export function answerManifest(
  request: RepositoryRequest,
  text: string,
  finish: (answer: Answer) => Answer = (answer) => answer,
): Promise<Answer> {
  const reference = parseReference(text);
  if (reference === undefined) return Promise.resolve(finish(invalidReference(request, text)));
  if (request.query.includes(asOfParameter)) return answerAsOf(request, text, reference, finish);
  return answerReference(request, text, reference, finish);
}

async function answerReference(
  request: RepositoryRequest,
  text: string,
  reference: Reference,
  finish: (answer: Answer) => Answer,
): Promise<Answer> {
  const { mirrored, method, raw } = request;
  const mustConfirm = reference.kind === 'tag' && asksToConfirm(raw.header('cache-control'));
  const outcome = await mirrored.resolveManifest(reference, method, mustConfirm);
  return finish(manifestAnswer(request, text, reference, outcome));
}

const asOfParameter = 'as-of=';
const dateForm = /^\d{8}(?:T\d{4})?$/;

/**
 * A tag as of the date in `?as-of=`, as if the date followed the tag, which may be too long for that. A
 * digest is the same at all times.
 */
async function answerAsOf(
  request: RepositoryRequest,
  text: string,
  reference: Reference,
  finish: (answer: Answer) => Answer,
): Promise<Answer> {
  const date = new URLSearchParams(request.query).get('as-of');
  if (date === null || reference.kind === 'digest') {
    return answerReference(request, text, reference, finish);
  }
  const mistake = !request.policy.asOf
    ? 'dates need "asOf": true in the configuration of the registry'
    : dateForm.test(date)
      ? undefined
      : 'as-of is a date such as 20261101 or 20261101T0930';
  if (mistake !== undefined) {
    const invalid = refusal(400, 'UNSUPPORTED', mistake);
    return finish(errorAnswer(request, invalid, subjectOf(request, 'manifest', text)));
  }
  const dated = { kind: 'tag', tag: `${reference.tag}--as-of-${date}` } as const;
  return answerReference(request, text, dated, finish);
}

function manifestAnswer(
  request: RepositoryRequest,
  text: string,
  reference: Reference,
  outcome: ManifestOutcome,
): Answer {
  const { method, raw } = request;
  if (outcome.kind === 'refused' || outcome.kind === 'held') {
    const rule = refusalOfRule(outcome.policy, request.repository.registry);
    return errorAnswer(request, rule, subjectOf(request, 'manifest', text));
  }
  if (outcome.kind !== 'found') return unobtainedAnswer(request, outcome, 'manifest', text);
  const { digest, mediaType, size, bytes, provenance, policy } = outcome;
  const note = contentNote(request, 'manifest', text, provenance);
  const cacheControl =
    reference.kind === 'digest' ? immutable : tagCacheControl(provenance, request.policy.tagTtl);
  const headers = contentHeaders(request, digest, provenance, cacheControl);
  if (policy !== undefined) addWarning(headers, policyText(policy, request.repository.registry));
  if (isNotModified(raw.header('if-none-match'), digest)) {
    return { status: 304, headers, body: undefined, note };
  }
  if (bytes === undefined && method === 'GET') throw new Error('a GET found no manifest bytes');
  headers['content-type'] = mediaType;
  headers['content-length'] = String(size);
  return { status: 200, headers, body: bytes, note };
}

/** A malformed digest is a bad request, but a tag outside the grammar is one that cannot exist. */
function invalidReference(request: RepositoryRequest, text: string): Answer {
  if (text.includes(':')) return invalidDigest(request, 'manifest', text);
  const unknown = refusal(404, 'MANIFEST_UNKNOWN', `invalid tag ${quoted(text)}`);
  return errorAnswer(request, unknown, subjectOf(request, 'manifest'));
}
