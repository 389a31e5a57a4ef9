/** A request for at most `limit` entries of an ordered list, after `last`. */
export interface PageRequest {
  readonly limit: number | undefined;
  readonly last: string | undefined;
}

/** A part of an ordered list; `next` is the `last` of the next page's request. */
export interface Page<Entry> {
  readonly entries: readonly Entry[];
  readonly next: string | undefined;
}

/**
 * Reads `n` and `last` of a query (distribution-spec §Listing tags); undefined when `n` is not a
 * non-negative integer.
 */
export function parsePage(query: URLSearchParams): PageRequest | undefined {
  const n = query.get('n');
  const last = query.get('last') ?? undefined;
  if (n === null) return { limit: undefined, last };
  return /^\d{1,9}$/.test(n) ? { limit: Number(n), last } : undefined;
}

/** Cuts a page out of a list in code unit order. */
export function pageOf(ordered: readonly string[], request: PageRequest): Page<string> {
  const { last } = request;
  const start = last === undefined ? 0 : ordered.findIndex((name) => name > last);
  return start < 0 ? { entries: [], next: undefined } : pageOfRows(ordered.slice(start), request);
}

/** How many rows a store reads for a page: one more shows whether there is a next page. */
export function rowsOfPage({ limit }: PageRequest): number | undefined {
  return limit === undefined ? undefined : limit + 1;
}

/** The page of the rows that a store read for it. `n=0` gives an empty page with no next. */
export function pageOfRows(names: readonly string[], { limit }: PageRequest): Page<string> {
  const entries = limit === undefined ? names : names.slice(0, limit);
  return { entries, next: entries.length < names.length ? entries.at(-1) : undefined };
}

/** Sorts after every name, tag and digest: they are printable ASCII without `~`. */
export const afterAll = '~';

/** More than a registry and a repository name together, or a tag. In characters. */
const longestName = 600;

// biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these sort before all names
const beforeNames = /[\u0000-\u001f]/g;
const afterNames = /[^ -~]/g;

/**
 * `last` as a key that every store accepts: a client may send any text, and this maps it to bounded
 * ASCII that sorts at the same place among names.
 */
export function cursor(last: string): string {
  return last.slice(0, longestName).replace(beforeNames, ' ').replace(afterNames, '\u007f');
}
