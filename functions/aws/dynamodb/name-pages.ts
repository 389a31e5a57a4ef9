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

/** More names than 1 MB holds anyway. */
const largestPage = 20_000;

/** A page of the sort keys of a partition; with a registry, of its repositories only. */
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

/** The names behind `last`, of a registry where one is given; undefined when there can be none. */
function rangeAfter(last: string, registry?: string): Condition | 'all' | undefined {
  // DynamoDB's BETWEEN takes in both ends; a space behind it leaves out `last` itself.
  const behind = last === '' ? '' : `${cursor(last)} `;
  if (registry === undefined) {
    return behind === ''
      ? 'all'
      : { condition: '#sk > :start', values: { ':start': { S: behind } } };
  }
  const { start, end } = registryRange(registry);
  if (behind >= end) return undefined;
  return {
    condition: '#sk BETWEEN :start AND :end',
    values: { ':start': { S: behind > start ? behind : start }, ':end': { S: end } },
  };
}
