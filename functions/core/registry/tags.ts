import type { Mirror } from '../mirror/mirror.ts';
import { pageOf, parsePage } from '../oci/page.ts';
import type { Answer } from './answer.ts';
import { foundNote, provenanceHeaders } from './answer-headers.ts';
import type { AskedRepository } from './asked.ts';
import { listCacheControl } from './cache-control.ts';
import { errorAnswer, type Subject, subjectOf, unobtainedAnswer } from './error-answer.ts';
import { jsonAnswer } from './json-answer.ts';
import { nextPage } from './next-page.ts';
import { quoted, refusal } from './refusal.ts';

/** The upstream's tags, page by page (distribution-spec §Listing tags). */
export async function answerTags(mirror: Mirror, asked: AskedRepository): Promise<Answer> {
  const request = parsePage(new URLSearchParams(asked.query));
  if (request === undefined) return invalidPage(asked, subjectOf(asked, 'tags'));
  const outcome = await mirror.listTags(asked.repository, asked.calls);
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
