import { type PageRequest, pageOf, parsePage } from '../oci/page.ts';
import { type Answer, type Asked, type AskedRepository, jsonAnswer } from './answer.ts';
import { foundNote, listCacheControl, provenanceHeaders } from './answer-headers.ts';
import { errorAnswer, type Subject, subjectOf, unobtainedAnswer } from './error-answer.ts';
import { quoted, refusal } from './refusal.ts';

/** The upstream's tags, page by page (distribution-spec §Listing tags). */
export async function answerTags(asked: AskedRepository): Promise<Answer> {
  const request = parsePage(new URLSearchParams(asked.query));
  if (request === undefined) return invalidPage(asked, subjectOf(asked, 'tags'));
  const outcome = await asked.mirrored.listTags();
  if (outcome.kind !== 'found') return unobtainedAnswer(asked, outcome, 'tags');
  const page = pageOf(outcome.tags, request);
  const headers = {
    ...provenanceHeaders(asked, outcome.provenance),
    'cache-control': listCacheControl(outcome.provenance),
    ...nextPage(asked, request, page.next),
  };
  const json = JSON.stringify({ name: asked.name, tags: page.entries });
  return jsonAnswer(json, headers, foundNote(asked, 'tags', undefined, outcome.provenance));
}

/** The answer to an `n` that is no whole number. */
export function invalidPage(
  asked: Parameters<typeof errorAnswer>[0] & Pick<AskedRepository, 'query'>,
  subject: Subject,
): Answer {
  const message = `n=${quoted(new URLSearchParams(asked.query).get('n') ?? '')} is no number of entries`;
  return errorAnswer(asked, refusal(400, 'PAGINATION_NUMBER_INVALID', message), subject);
}

/**
 * The Link header to the page after `last` (RFC 8288, distribution-spec §Listing tags); none when
 * `last` is undefined. It is relative and keeps the client's own path and `ns`, so that the client
 * stays with this mirror whatever name it has for it.
 */
export function nextPage(
  asked: Pick<Asked, 'path' | 'ns'>,
  request: PageRequest,
  last: string | undefined,
): Record<string, string> {
  if (last === undefined || request.limit === undefined) return {};
  const ns = asked.ns === undefined ? '' : `&ns=${encodeURIComponent(asked.ns)}`;
  const query = `n=${request.limit}&last=${encodeURIComponent(last)}${ns}`;
  return { link: `<${asked.path}?${query}>; rel="next"` };
}
