import { parseDigest } from '../../core/oci/digest.ts';
import { type Hold, holdLife } from '../../core/ports/manifest-store.ts';
import { type Item, keyItem, number, numberOf, text, textOf } from './item.ts';
import type { DynamoDbTable } from './table.ts';

/** Writes a hold, which DynamoDB deletes after a day. */
export async function putHold(table: DynamoDbTable, pk: string, hold: Hold): Promise<void> {
  const { kind, digest, since, until, failures, reason } = hold;
  await table.put({
    ...keyItem({ pk, sk: digest }),
    kind: text(kind),
    since: number(since),
    until: number(until),
    failures: number(failures),
    reason: text(reason),
    ttl: number(Math.ceil((since + holdLife) / 1000)),
  });
}

/** The holds in a partition; `now` in ms since 1970. */
export async function listHolds(table: DynamoDbTable, pk: string, now: number): Promise<Hold[]> {
  const holds: Hold[] = [];
  for await (const items of table.pages({ pk })) {
    for (const item of items) {
      const hold = readHold(item);
      // DynamoDB deletes expired items within days, not at once.
      if (hold !== undefined && now < hold.since + holdLife) holds.push(hold);
    }
  }
  return holds;
}

function readHold(item: Item): Hold | undefined {
  const digest = parseDigest(textOf(item, 'sk') ?? '');
  const since = numberOf(item, 'since');
  if (digest === undefined || since === undefined) return undefined;
  return {
    kind: textOf(item, 'kind') === 'blob' ? 'blob' : 'manifest',
    digest,
    since,
    until: numberOf(item, 'until') ?? since,
    failures: numberOf(item, 'failures') ?? 1,
    reason: textOf(item, 'reason') ?? '',
  };
}
