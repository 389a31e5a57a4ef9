import { parseDigest } from '../../core/oci/digest.ts';
import { safeType } from '../../core/oci/media-type.ts';
import { type Page, type PageRequest, rowsOfPage } from '../../core/oci/page.ts';
import { type Repository, repositoryOf } from '../../core/oci/repository.ts';
import { goneCursor, goneTag, pageOfGone } from '../../core/ports/gone-tags.ts';
import type { FormerTag, GoneTag, TagRecord } from '../../core/ports/manifest-store.ts';
import {
  type Item,
  type Key,
  keyItem,
  number,
  numberOf,
  text,
  textOf,
  timeToLive,
} from './item.ts';
import { goneKey, gonePartition, tagPartition } from './item-keys.ts';
import type { Condition, DynamoDbTable } from './table.ts';

/** A tag's record as an item. Its history, of at most twenty, is one JSON string. */
export function tagItem(key: Key, record: TagRecord): Item {
  const { refusal } = record;
  return {
    ...keyItem(key),
    digest: text(record.digest),
    mediaType: text(record.mediaType),
    size: number(record.size),
    firstSeen: number(record.firstSeen),
    changed: number(record.changed),
    checked: number(record.checked),
    history: text(JSON.stringify(record.history.map(({ digest, until }) => [digest, until]))),
    ...(refusal !== undefined && { refusedSince: number(refusal.since) }),
    ...(refusal?.isConfirmed && { goneSince: number(refusal.since) }),
  };
}

/** The condition that the stored record was not checked later. */
function notCheckedBefore(record: TagRecord): Condition {
  return {
    condition: 'attribute_not_exists(#pk) OR #checked <= :checked',
    values: { ':checked': number(record.checked) },
  };
}

/** Reads a tag's record; undefined if the item is not one. */
export function readTag(item: Item): TagRecord | undefined {
  const digest = parseDigest(textOf(item, 'digest') ?? '');
  const checked = numberOf(item, 'checked');
  if (digest === undefined || checked === undefined) return undefined;
  const since = numberOf(item, 'refusedSince');
  return {
    digest,
    mediaType: safeType(textOf(item, 'mediaType') ?? ''),
    size: numberOf(item, 'size') ?? 0,
    firstSeen: numberOf(item, 'firstSeen') ?? checked,
    changed: numberOf(item, 'changed') ?? checked,
    checked,
    history: readHistory(textOf(item, 'history') ?? '[]'),
    ...(since !== undefined && { refusal: { since, isConfirmed: item.goneSince !== undefined } }),
  };
}

function readHistory(json: string): FormerTag[] {
  const entries: unknown = JSON.parse(json);
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry: unknown) => {
    const [text, until]: unknown[] = Array.isArray(entry) ? entry : [];
    const digest = typeof text === 'string' ? parseDigest(text) : undefined;
    return digest === undefined || typeof until !== 'number' ? [] : [{ digest, until }];
  });
}

/**
 * Writes a tag's record, unless the stored one was checked later, which DynamoDB deletes after `ttl`
 * (seconds since 1970), if any. The row of a tag that is gone is
 * written before the record and removed after it, so that it never lacks.
 */
export async function putTag(
  table: DynamoDbTable,
  repository: Repository,
  tag: string,
  { record, ttl }: { readonly record: TagRecord; readonly ttl: number | undefined },
): Promise<void> {
  const row = goneKey(repository, tag);
  const isGone = record.refusal?.isConfirmed === true;
  if (isGone) await table.put({ ...keyItem(row), ...timeToLive(ttl) });
  const key = { pk: tagPartition(repository), sk: tag };
  const item = { ...tagItem(key, record), ...timeToLive(ttl) };
  const written = await table.put(item, {
    ...notCheckedBefore(record),
    answer: 'ALL_OLD',
  });
  if (!isGone && written.kind === 'written' && written.item.goneSince !== undefined) {
    await table.remove(row);
  }
}

/** A page of the tags that are gone, read from their records: a row may outlive its tag's return. */
export async function listGone(table: DynamoDbTable, page: PageRequest): Promise<Page<GoneTag>> {
  const { repository, tag } = goneCursor(page.last);
  const most = rowsOfPage(page) ?? Number.POSITIVE_INFINITY;
  const gone: GoneTag[] = [];
  const start = text(`${repository}#${tag}`);
  const range = { condition: '#sk > :start', values: { ':start': start } };
  for await (const rows of table.pages({ pk: gonePartition, range, pageSize: 100 })) {
    for (const row of rows) {
      const [key = '', name = ''] = (textOf(row, 'sk') ?? '').split('#');
      const holder = repositoryOf(key);
      const item = await table.get({ pk: tagPartition(holder), sk: name });
      const record = item && readTag(item);
      const one = record && goneTag(holder, name, record);
      if (one !== undefined) gone.push(one);
      if (gone.length >= most) return pageOfGone(gone, page);
    }
  }
  return pageOfGone(gone, page);
}
