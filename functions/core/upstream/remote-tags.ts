import { entriesOf, parseObject } from '../oci/json-object.ts';
import { isTag } from '../oci/reference.ts';
import type { RemoteRepository, TagListing } from '../ports/upstream.ts';
import { invalidAnswer } from '../ports/upstream-error.ts';
import { endpoint } from './connection.ts';
import { nextPage } from './follow-pages.ts';
import { describe, type UpstreamRequest } from './request.ts';
import { readBody } from './response-body.ts';
import type { Session } from './session.ts';
import { refusalOf } from './status.ts';

const maxPages = 200;
const maxPageBytes = 16 * 1024 * 1024;
const maxTags = 1_000_000;

function readTags(bytes: Uint8Array): string[] | undefined {
  const listed = entriesOf(parseObject(bytes)?.tags);
  return listed?.filter((tag): tag is string => typeof tag === 'string' && isTag(tag));
}

/**
 * The whole list of tags, in the order of code units (distribution-spec §Listing tags). Throws an
 * UpstreamError `invalid` rather than give a part of a list as the whole.
 */
export async function listTags(
  { connection, exchange }: Session,
  remote: RemoteRepository,
): Promise<TagListing> {
  const list = endpoint(connection, `${remote.name}/tags/list`, '?n=1000');
  const tags = new Set<string>();
  let url: URL | undefined = list;
  for (let page = 0; url !== undefined; page++) {
    const request: UpstreamRequest = { purpose: 'tags', method: 'GET', remote, url };
    const what = describe(connection, request);
    if (page >= maxPages) throw invalidAnswer(what, 'too many pages');
    const answer = await exchange(request);
    if (answer.kind === 'denied') return answer;
    const refused = await refusalOf(connection, request, answer);
    if (refused !== undefined) return refused;
    const { answerer } = answer;
    const bounds = { what, answerer, maxBytes: maxPageBytes, timeout: connection.stallTimeout };
    const read = readTags(await readBody(answer.response, bounds));
    if (read === undefined) throw invalidAnswer(what, 'no list of tags');
    for (const tag of read) tags.add(tag);
    if (tags.size > maxTags) throw invalidAnswer(what, 'too many tags');
    url = nextPage(what, list, url, answer);
  }
  return { kind: 'found', tags: [...tags].sort() };
}
