import { nextLink, parseUrl } from '../headers/link.ts';
import { invalidAnswer } from '../ports/upstream-error.ts';
import { type Answer, describe, type UpstreamRequest } from './request.ts';
import type { Session } from './session.ts';

/** One page of a list: the request for it, and the answer, whose body has to be read or discarded. */
export interface ListPage {
  readonly request: UpstreamRequest;
  readonly answer: Answer | { readonly kind: 'denied' };
}

/**
 * Requests a list page by page and follows the Link headers. Throws an UpstreamError `invalid` after
 * `maxPages` pages, and for a link that must not be followed.
 */
export async function* listPages(
  { connection, exchange }: Session,
  list: UpstreamRequest,
  maxPages: number,
): AsyncGenerator<ListPage> {
  const what = describe(connection, list);
  let url: URL | undefined = list.url;
  for (let page = 0; url !== undefined; page++) {
    if (page >= maxPages) throw invalidAnswer(what, `more than ${maxPages} pages`);
    const request: UpstreamRequest = { ...list, url };
    const answer = await exchange(request);
    yield { request, answer };
    url = answer.kind === 'denied' ? undefined : nextPage(what, list.url, url, answer);
  }
}

/**
 * The URL of the next page; undefined after the last one. Only the link's query is used, on the list's
 * own URL: registries behind proxies name internal hosts or plain http, and one that redirects names
 * the other host's path. A link to a host that took no part in the answer is refused.
 */
export function nextPage(what: string, list: URL, current: URL, answer: Answer): URL | undefined {
  const link = nextLink(answer.response.headers.get('link'));
  if (link === undefined) return undefined;
  const target = parseUrl(link, answer.url);
  const isKnown = target?.hostname === list.hostname || target?.hostname === answer.url.hostname;
  if (target === undefined || !isKnown || target.search === current.search) {
    throw invalidAnswer(what, 'a link to the next page that must not be followed');
  }
  const next = new URL(list);
  next.search = target.search;
  return next;
}
