import { type PageRequest, parsePage } from '../oci/page.ts';
import { type Answer, jsonAnswer, type ReadRequest, type RepositoryRequest } from './answer.ts';
import { contentNote, listCacheControl, provenanceHeaders } from './answer-headers.ts';
import { errorAnswer, type Subject, subjectOf, unobtainedAnswer } from './error-answer.ts';
import { refusal } from './refusal.ts';

/** A page of the upstream's tags (distribution-spec §Listing tags). */
export async function answerTags(request: RepositoryRequest): Promise<Answer> {
  const page = parsePage(new URLSearchParams(request.query));
  if (page === undefined) return invalidPage(request, subjectOf(request, 'tags'));
  const outcome = await request.mirrored.listTags(page);
  if (outcome.kind !== 'found') return unobtainedAnswer(request, outcome, 'tags');
  const headers = {
    ...provenanceHeaders(request, outcome.provenance),
    'cache-control': listCacheControl(outcome.provenance),
    ...nextPage(request, page, outcome.next),
  };
  const json = JSON.stringify({ name: request.name, tags: outcome.tags });
  return jsonAnswer(json, headers, contentNote(request, 'tags', undefined, outcome.provenance));
}

/** The answer to an invalid `n`. */
export function invalidPage(request: ReadRequest, subject: Subject): Answer {
  const message = 'n must be a non-negative integer';
  return errorAnswer(request, refusal(400, 'PAGINATION_NUMBER_INVALID', message), subject);
}

/**
 * The Link header to the page after `last` (RFC 8288, distribution-spec §Listing tags); none when
 * `last` is undefined. It is relative and keeps the client's path and `ns`, so that the client stays
 * with this mirror, whatever name it uses for it.
 */
export function nextPage(
  { path, ns }: Pick<ReadRequest, 'path' | 'ns'>,
  { limit }: Pick<PageRequest, 'limit'>,
  last: string | undefined,
): Record<string, string> {
  if (last === undefined) return {};
  const size = limit === undefined ? '' : `n=${limit}&`;
  const suffix = ns === undefined ? '' : `&ns=${encodeURIComponent(ns)}`;
  const query = `${size}last=${encodeURIComponent(last)}${suffix}`;
  return { link: `<${path}?${query}>; rel="next"` };
}
