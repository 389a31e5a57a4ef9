import type { Page, PageRequest } from '../../core/oci/page.ts';
import { textOf } from './item.ts';
import type { Condition, DynamoDbTable } from './table.ts';

/** Longer than any tag, and than a registry and a repository's name together. */
const longestName = 600;

/** More names than 1 MB holds anyway. */
const largestPage = 20_000;

/** A page of the sort keys of a partition, of those only that begin with `prefix`. */
export async function pageOfNames(
  table: DynamoDbTable,
  pk: string,
  { limit, last }: PageRequest,
  prefix = '',
): Promise<Page<string>> {
  if (limit === 0) return { entries: [], next: undefined };
  const range = rangeAfter(last ?? '', prefix);
  if (range === undefined) return { entries: [], next: undefined };
  const names: string[] = [];
  const pages = table.pages({
    pk,
    attributes: ['sk'],
    ...(range !== 'all' && { range }),
    // One more than asked for shows whether there is a next page.
    ...(limit !== undefined && { pageSize: Math.min(limit + 1, largestPage) }),
  });
  for await (const items of pages) {
    for (const item of items) names.push(textOf(item, 'sk') ?? '');
    if (limit !== undefined && names.length > limit) break;
  }
  const entries = limit === undefined ? names : names.slice(0, limit);
  return { entries, next: entries.length < names.length ? entries.at(-1) : undefined };
}

/**
 * The names behind `last` that begin with `prefix`; undefined when there can be none. `last` is a
 * client's text, of any length and with any character; what is made of it here has the same place
 * among names, which are ASCII above the space. A space behind it leaves out `last` itself.
 */
function rangeAfter(last: string, prefix: string): Condition | 'all' | undefined {
  const behind =
    last === '' ? '' : `${last.slice(0, longestName).replace(/[^ -~].*/s, asNeighbour)} `;
  if (prefix === '') {
    return behind === ''
      ? 'all'
      : { condition: '#sk > :start', values: { ':start': { S: behind } } };
  }
  // Behind everything that begins with the prefix, which ends on a character with a next one.
  const end = `${prefix.slice(0, -1)}${String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)}`;
  if (behind >= end) return undefined;
  const start = behind > prefix ? behind : prefix;
  return {
    condition: '#sk BETWEEN :start AND :end',
    values: { ':start': { S: start }, ':end': { S: end } },
  };
}

/** The rest of a text from its first unprintable character on: before or behind all names. */
function asNeighbour(rest: string): string {
  return rest < ' ' ? ' ' : '\u007f';
}
