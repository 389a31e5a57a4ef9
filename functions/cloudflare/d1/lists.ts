import type { Page, PageRequest } from '../../core/oci/page.ts';

/** Behind every name that can be listed: they are ASCII below it. */
export const afterAll = '~';

/** Longer than a registry and a repository name, or a tag. */
const longestName = 600;

// biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these are before all names
const beforeNames = /[\u0000-\u001f]/g;
const behindNames = /[^ -~]/g;

/**
 * Where a listing goes on after `last`. That is text from a client, of any length and with any
 * character; made so, it is text for SQLite and has the same place among names.
 */
export function cursor(last: string): string {
  return last.slice(0, longestName).replace(beforeNames, ' ').replace(behindNames, '\u007f');
}

/** One more than asked for shows whether there is a next page; -1 is no limit (SQLite). */
export function atMost({ limit }: PageRequest): number {
  return limit === undefined ? -1 : limit + 1;
}

/** The page in rows that `atMost` limited. One of no entries has none to go on after. */
export function readPage(rows: readonly { name: string }[], { limit }: PageRequest): Page<string> {
  const names = rows.map(({ name }) => name);
  const entries = limit === undefined ? names : names.slice(0, limit);
  return { entries, next: entries.length < names.length ? entries.at(-1) : undefined };
}
