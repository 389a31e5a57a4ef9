import { nextLink, parseUrl } from '../headers/link.ts';
import { invalidAnswer } from '../ports/upstream-error.ts';
import type { Answer } from './request.ts';

/**
 * The URL of the page after an answer, as its Link header names it; undefined after the last page.
 * Only the link's query is used, on the list's own URL: registries behind proxies name inner hosts
 * or plain http, and one that redirects names the other host's path. A link to a host that had
 * no part in the answer is refused with an UpstreamError `invalid`.
 */
export function nextPage(what: string, list: URL, current: URL, answer: Answer): URL | undefined {
  const link = nextLink(answer.response.headers.get('link'));
  if (link === undefined) return undefined;
  const target = parseUrl(link, answer.url);
  const isKnown = target?.hostname === list.hostname || target?.hostname === answer.url.hostname;
  if (target === undefined || !isKnown || target.search === current.search) {
    throw invalidAnswer(what, 'a next page that cannot be followed');
  }
  const next = new URL(list);
  next.search = target.search;
  return next;
}
