import { randomBytes } from 'node:crypto';
import { parseDigest } from '../../core/oci/digest.ts';
import type { Page } from '../../core/oci/page.ts';
import {
  type AuditAction,
  type AuditEntry,
  type AuditPageRequest,
  auditLife,
} from '../../core/ports/audit-log.ts';
import { type Item, keyItem, number, numberOf, text, textOf } from './item.ts';
import { auditPartition, timeKey } from './item-keys.ts';
import type { DynamoDbTable } from './table.ts';

/** Adds an entry, which DynamoDB deletes after `auditLife`. */
export async function putAuditEntry(table: DynamoDbTable, entry: AuditEntry): Promise<void> {
  const { at, action, by, why, repository, tag, digest, until } = entry;
  await table.put({
    ...keyItem({
      pk: auditPartition,
      // Two people may decide in the same ms.
      sk: timeKey(at, randomBytes(6).toString('hex')),
    }),
    action: text(action),
    by: text(by),
    why: text(why),
    repository: text(repository),
    tag: text(tag),
    at: number(at),
    ...(digest !== undefined && { digest: text(digest) }),
    ...(until !== undefined && { until: number(until) }),
    ttl: number(Math.ceil((at + auditLife) / 1000)),
  });
}

export async function listAuditEntries(
  table: DynamoDbTable,
  { limit, before }: AuditPageRequest,
): Promise<Page<AuditEntry>> {
  const range =
    before === undefined
      ? undefined
      : { condition: '#sk < :before', values: { ':before': text(before) } };
  const entries: AuditEntry[] = [];
  let last: string | undefined;
  const query = { pk: auditPartition, pageSize: limit + 1, isReversed: true };
  for await (const items of table.pages({ ...query, ...(range && { range }) })) {
    for (const item of items) {
      if (entries.length === limit) return { entries, next: last };
      entries.push(readEntry(item));
      last = textOf(item, 'sk');
    }
  }
  return { entries, next: undefined };
}

function readEntry(item: Item): AuditEntry {
  return {
    at: numberOf(item, 'at') ?? 0,
    // Only this version's code writes such items.
    action: textOf(item, 'action') as AuditAction,
    by: textOf(item, 'by') ?? '',
    why: textOf(item, 'why') ?? '',
    repository: textOf(item, 'repository') ?? '',
    tag: textOf(item, 'tag') ?? '',
    digest: parseDigest(textOf(item, 'digest') ?? ''),
    until: numberOf(item, 'until'),
  };
}
