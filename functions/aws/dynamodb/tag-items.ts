import { parseDigest } from '../../core/oci/digest.ts';
import { safeType } from '../../core/oci/media-type.ts';
import type { FormerTag, TagRecord } from '../../core/ports/manifest-store.ts';
import { type Item, type Key, keyItem, number, numberOf, text, textOf } from './item.ts';
import type { Condition } from './table.ts';

/** A tag's record as an item. Its history, of at most twenty, is one JSON string. */
export function tagItem(key: Key, record: TagRecord): Item {
  return {
    ...keyItem(key),
    digest: text(record.digest),
    mediaType: text(record.mediaType),
    size: number(record.size),
    firstSeen: number(record.firstSeen),
    changed: number(record.changed),
    checked: number(record.checked),
    history: text(JSON.stringify(record.history.map(({ digest, until }) => [digest, until]))),
  };
}

/** The condition that the stored record was not checked later. */
export function notCheckedBefore(record: TagRecord): Condition {
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
  return {
    digest,
    mediaType: safeType(textOf(item, 'mediaType') ?? ''),
    size: numberOf(item, 'size') ?? 0,
    firstSeen: numberOf(item, 'firstSeen') ?? checked,
    changed: numberOf(item, 'changed') ?? checked,
    checked,
    history: readHistory(textOf(item, 'history') ?? '[]'),
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
