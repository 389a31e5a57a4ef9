import { entriesOf, parseObject } from '../oci/json-object.ts';
import { isTag } from '../oci/reference.ts';
import type { RemoteRepository, TagPage, TagPageStart } from '../ports/upstream.ts';
import { invalidAnswer } from '../ports/upstream-error.ts';
import { endpoint } from './connection.ts';
import { nextPage } from './pages.ts';
import { type Answer, describe, type UpstreamRequest } from './request.ts';
import { discard } from './response-body.ts';
import type { Session } from './session.ts';
import { readAnswer, refusalOf } from './status.ts';

const maxPageBytes = 16 * 1024 * 1024;

/** The values of `n` to try in turn: quay.io refuses more than 100. Undefined: the registry decides. */
const pageSizes = [1000, 100, undefined];

/** These refuse the repository or the client, not `n`. */
const otherRefusals: ReadonlySet<number> = new Set([401, 403, 404, 408, 429]);

function parseTags(bytes: Uint8Array): string[] | undefined {
  const listed = entriesOf(parseObject(bytes)?.tags);
  return listed?.filter((tag): tag is string => typeof tag === 'string' && isTag(tag));
}

function query(size: number | undefined, last: string | undefined): string {
  const parameters = new URLSearchParams();
  if (size !== undefined) parameters.set('n', String(size));
  if (last !== undefined) parameters.set('last', last);
  return parameters.size === 0 ? '' : `?${parameters}`;
}

/**
 * One page of a repository's tags, in the registry's order (distribution-spec §Listing tags); the first
 * one by default. Throws an UpstreamError `invalid` for anything but a list, and for a link to the next
 * page that must not be followed.
 */
export async function listTags(
  session: Session,
  remote: RemoteRepository,
  start: TagPageStart = {},
): Promise<TagPage> {
  const { connection } = session;
  const list = endpoint(connection, `${remote.name}/tags/list`);
  const requestOf = (search: string): UpstreamRequest => {
    const url = new URL(list);
    url.search = search;
    return { purpose: 'tags', method: 'GET', remote, url };
  };
  const { request, answer } =
    'next' in start
      ? await sendOnce(session, requestOf(start.next))
      : await sendWithSize(session, (size) => requestOf(query(size, start.last)));
  if (answer.kind === 'denied') return { kind: 'denied' };
  const refused = await refusalOf(connection, request, answer);
  if (refused !== undefined) return refused;
  const tags = parseTags(await readAnswer(connection, request, answer, maxPageBytes));
  const what = describe(connection, request);
  if (tags === undefined) throw invalidAnswer(what, 'not a list of tags');
  return { kind: 'found', tags, next: nextPage(what, list, request.url, answer)?.search };
}

interface Sent {
  readonly request: UpstreamRequest;
  readonly answer: Answer | { readonly kind: 'denied' };
}

async function sendOnce(session: Session, request: UpstreamRequest): Promise<Sent> {
  return { request, answer: await session.exchange(request) };
}

/** Sends a request with the largest `n` that the registry accepts, and remembers it. */
async function sendWithSize(
  session: Session,
  requestOf: (size: number | undefined) => UpstreamRequest,
): Promise<Sent> {
  const { tagPages } = session;
  for (let at = tagPages.size; ; at++) {
    const sent = await sendOnce(session, requestOf(pageSizes[at]));
    const status = sent.answer.kind === 'denied' ? 401 : sent.answer.response.status;
    const isRefused = status >= 400 && status < 500 && !otherRefusals.has(status);
    if (!isRefused || at + 1 === pageSizes.length || sent.answer.kind === 'denied') {
      if (status === 200) tagPages.size = at;
      return sent;
    }
    await discard(sent.answer.response);
  }
}
