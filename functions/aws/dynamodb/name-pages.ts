import {
  cursor,
  type Page,
  type PageRequest,
  pageOfRows,
  rowsOfPage,
} from '../../core/oci/page.ts';
import { registryRange } from '../../core/oci/repository.ts';
import { textOf } from './item.ts';
import type { Condition, DynamoDbTable } from './table.ts';

/** More names than fit into 1 MB, the most that a page of DynamoDB holds. */
const largestPage = 20_000;

/** A page of a partition's sort keys; with a registry, only of its repositories. */
export async function pageOfNames(
  table: DynamoDbTable,
  pk: string,
  page: PageRequest,
  registry?: string,
): Promise<Page<string>> {
  const range = rangeAfter(page.last ?? '', registry);
  if (page.limit === 0 || range === undefined) return { entries: [], next: undefined };
  const rows = rowsOfPage(page) ?? Number.POSITIVE_INFINITY;
  const names: string[] = [];
  const pages = table.pages({
    pk,
    attributes: ['sk'],
    ...(range !== 'all' && { range }),
    ...(page.limit !== undefined && { pageSize: Math.min(rows, largestPage) }),
  });
  for await (const items of pages) {
    for (const item of items) names.push(textOf(item, 'sk') ?? '');
    if (names.length >= rows) break;
  }
  return pageOfRows(names, page);
}

/** The range of names after `last`, optionally of one registry; undefined if it is empty. */
function rangeAfter(last: string, registry?: string): Condition | 'all' | undefined {
  // BETWEEN includes both ends; a space after `last` excludes `last` itself.
  const after = last === '' ? '' : `${cursor(last)} `;
  if (registry === undefined) {
    return after === '' ? 'all' : { condition: '#sk > :start', values: { ':start': { S: after } } };
  }
  const { start, end } = registryRange(registry);
  if (after >= end) return undefined;
  return {
    condition: '#sk BETWEEN :start AND :end',
    values: { ':start': { S: after > start ? after : start }, ':end': { S: end } },
  };
}
