import { refusal } from './access.ts';
import type { Exchange } from './exchange.ts';
import { errorReply, jsonReply, type Reply } from './reply.ts';

/** The tag list with `n`, `last` and Link (distribution-spec §Listing Tags). */
export function tagsReply(exchange: Exchange, name: string): Reply {
  const { settings, repositories, url } = exchange;
  const refused = refusal(exchange, name);
  if (refused !== undefined) return refused;
  const repository = repositories.get(name);
  if (repository === undefined) return errorReply(404, 'NAME_UNKNOWN', 'repository not known');
  const asked = url.searchParams.get('n');
  if (asked !== null && !/^\d+$/.test(asked)) {
    return errorReply(400, 'PAGINATION_NUMBER_INVALID', 'invalid number of results requested');
  }
  const last = url.searchParams.get('last') ?? '';
  const rest = [...repository.tags.keys()].filter((tag) => tag > last).sort();
  const most = Math.min(
    asked === null ? Number.POSITIVE_INFINITY : Number(asked),
    settings.tagsPageSize ?? Number.POSITIVE_INFINITY,
  );
  const tags = rest.slice(0, most);
  const end = tags.at(-1);
  const more = tags.length < rest.length && end !== undefined;
  return jsonReply(
    200,
    { name, tags },
    more ? { link: nextLink(exchange, { last: end, n: String(most) }) } : {},
  );
}

/** The Link to the next page of the same list (RFC 8288). */
export function nextLink(exchange: Exchange, query: { [name: string]: string }): string {
  const { settings, origins, url } = exchange;
  const base = settings.links === 'absolute' ? origins.registry : '';
  return `<${base}${url.pathname}?${new URLSearchParams(query)}>; rel="next"`;
}
