/** Which part of an ordered list is asked for: at most `limit` entries after `last`. */
export interface PageRequest {
  readonly limit: number | undefined;
  readonly last: string | undefined;
}

/** A part of an ordered list, and the entry to go on after when there is more. */
export interface Page<Entry> {
  readonly entries: readonly Entry[];
  readonly next: string | undefined;
}

/**
 * Reads `n` and `last` of a query (distribution-spec §Listing tags); undefined when `n` is no
 * whole number.
 */
export function parsePage(query: URLSearchParams): PageRequest | undefined {
  const n = query.get('n');
  const last = query.get('last') ?? undefined;
  if (n === null) return { limit: undefined, last };
  return /^\d{1,9}$/.test(n) ? { limit: Number(n), last } : undefined;
}

/** Orders as the specification lists tags: by code unit, so that `last` means the same everywhere. */
export function inOrder(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}

/** Cuts a page out of an ordered list of names. `n=0` gives an empty page with no next. */
export function pageOf(ordered: readonly string[], request: PageRequest): Page<string> {
  const { limit, last } = request;
  const start = last === undefined ? 0 : firstAfter(ordered, last);
  const entries = ordered.slice(start, limit === undefined ? undefined : start + limit);
  const more = start + entries.length < ordered.length;
  return { entries, next: more ? entries.at(-1) : undefined };
}

/** How many rows a store reads for a page: one more shows whether there is a next page. */
export function rowsOfPage({ limit }: PageRequest): number | undefined {
  return limit === undefined ? undefined : limit + 1;
}

/** The page of the names that a store read for it, in their order. `n=0` has no next here either. */
export function pageOfRows(names: readonly string[], { limit }: PageRequest): Page<string> {
  const entries = limit === undefined ? names : names.slice(0, limit);
  return { entries, next: entries.length < names.length ? entries.at(-1) : undefined };
}

/** Sorts behind every name, tag and digest: they are printable ASCII and have no `~`. */
export const afterAll = '~';

/** Longer than a registry and a repository's name together, and than a tag. */
const longestName = 600;

// biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these come before all names
const beforeNames = /[\u0000-\u001f]/g;
const behindNames = /[^ -~]/g;

/**
 * `last` as text of a bounded length that every store takes in a key. A client may send any text;
 * what comes of it here is printable ASCII and has the same place among names.
 */
export function cursor(last: string): string {
  return last.slice(0, longestName).replace(beforeNames, ' ').replace(behindNames, '\u007f');
}

function firstAfter(ordered: readonly string[], last: string): number {
  let low = 0;
  let high = ordered.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (inOrder(ordered[middle] ?? '', last) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
