import { entriesOf, parseObject } from '../oci/json-object.ts';
import { isTag } from '../oci/reference.ts';
import type { RemoteRepository, TagListing } from '../ports/upstream.ts';
import { invalidAnswer } from '../ports/upstream-error.ts';
import { endpoint } from './connection.ts';
import { listPages } from './pages.ts';
import { describe, type UpstreamRequest } from './request.ts';
import type { Session } from './session.ts';
import { readAnswer, refusalOf } from './status.ts';

const maxPages = 200;
const maxPageBytes = 16 * 1024 * 1024;
const maxTags = 1_000_000;

function parseTags(bytes: Uint8Array): string[] | undefined {
  const listed = entriesOf(parseObject(bytes)?.tags);
  return listed?.filter((tag): tag is string => typeof tag === 'string' && isTag(tag));
}

/**
 * The whole list of tags, in the order of code units (distribution-spec §Listing tags). Throws an
 * UpstreamError `invalid` rather than return an incomplete list.
 */
export async function listTags(session: Session, remote: RemoteRepository): Promise<TagListing> {
  const { connection } = session;
  const url = endpoint(connection, `${remote.name}/tags/list`, '?n=1000');
  const list: UpstreamRequest = { purpose: 'tags', method: 'GET', remote, url };
  const what = describe(connection, list);
  const tags = new Set<string>();
  for await (const { request, answer } of listPages(session, list, maxPages)) {
    if (answer.kind === 'denied') return answer;
    const refused = await refusalOf(connection, request, answer);
    if (refused !== undefined) return refused;
    const page = parseTags(await readAnswer(connection, request, answer, maxPageBytes));
    if (page === undefined) throw invalidAnswer(what, 'not a list of tags');
    for (const tag of page) tags.add(tag);
    if (tags.size > maxTags) throw invalidAnswer(what, `more than ${maxTags} tags`);
  }
  return { kind: 'found', tags: [...tags].sort() };
}
