import { isNotModified } from '../headers/conditional.ts';
import { parseReference } from '../oci/reference.ts';
import type { Answer, AskedRepository } from './answer.ts';
import { contentHeaders, forever, foundNote, tagCacheControl } from './answer-headers.ts';
import { invalidDigest } from './blobs.ts';
import { errorAnswer, subjectOf, unobtainedAnswer } from './error-answer.ts';
import { quoted, refusal } from './refusal.ts';

/**
 * GET and HEAD of a manifest (distribution-spec §Pulling manifests). Accept is not read: a client
 * gets what the tag or digest names, and an older client's shorter list must not choose for others.
 */
export async function answerManifest(asked: AskedRepository, text: string): Promise<Answer> {
  const reference = parseReference(text);
  if (reference === undefined) return invalidReference(asked, text);
  const { mirrored, method } = asked;
  const outcome = await mirrored.resolveManifest(reference, method);
  if (outcome.kind !== 'found') return unobtainedAnswer(asked, outcome, 'manifest', text);
  const { digest, mediaType, size, bytes, provenance } = outcome;
  const note = foundNote(asked, 'manifest', text, provenance);
  const isByDigest = reference.kind === 'digest';
  const cacheControl = isByDigest ? forever : tagCacheControl(provenance, asked.policy.tagTtl);
  const headers = contentHeaders(asked, digest, provenance, cacheControl);
  if (isNotModified(asked.request.header('if-none-match'), digest)) {
    return { status: 304, headers, body: undefined, note };
  }
  if (bytes === undefined && method === 'GET') throw new Error('a GET found no manifest bytes');
  headers['content-type'] = mediaType;
  headers['content-length'] = String(size);
  return { status: 200, headers, body: bytes, note };
}

/** A tag outside the grammar names nothing that can exist, so it is absent; a digest is wrong. */
function invalidReference(asked: AskedRepository, text: string): Answer {
  if (text.includes(':')) return invalidDigest(asked, 'manifest', text);
  const message = `${quoted(text)} is no tag`;
  return errorAnswer(
    asked,
    refusal(404, 'MANIFEST_UNKNOWN', message),
    subjectOf(asked, 'manifest'),
  );
}
