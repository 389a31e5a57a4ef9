import type { Page } from '../../core/oci/page.ts';
import { type AuditEntry, type AuditPageRequest, auditLife } from '../../core/ports/audit-log.ts';
import { hasOrders, readTagState, tagStateText } from '../../core/ports/tag-state-text.ts';
import {
  type ListedTagState,
  runLife,
  type StoredTagState,
  type TagState,
} from '../../core/ports/tag-states.ts';
import type { IndexDatabase, TagStateRow } from './database.ts';
import { under } from './manifest-rows.ts';

type Tables = Pick<IndexDatabase, 'tagStates' | 'audit'>;

export function getTagState(
  { tagStates }: Tables,
  repository: string,
  tag: string,
): StoredTagState | undefined {
  const row = tagStates.get([repository, tag]);
  return row && readTagState(row.text, row.revision);
}

/** Writes a state if the stored one has this revision. Must run inside `write`. */
export function putTagState(
  { tagStates }: Tables,
  key: [string, string],
  state: TagState,
  revision: number | undefined,
  now: number,
): boolean {
  if (tagStates.get(key)?.revision !== revision) return false;
  const row = { text: tagStateText(state), revision: (revision ?? 0) + 1, written: now };
  void tagStates.put(key, row);
  return true;
}

export function listTagStates({ tagStates }: Tables, repository: string): ListedTagState[] {
  return Array.from(tagStates.getRange(under(repository)), ({ key, value }) => ({
    tag: key[1],
    ...readTagState(value.text, value.revision),
  }));
}

/** Adds an entry, and drops some that are too old. Must run inside `write`. */
export function putAuditEntry({ audit }: Tables, entry: AuditEntry, now: number): void {
  const [last] = audit.getKeys({
    start: [entry.at, Number.MAX_SAFE_INTEGER],
    reverse: true,
    limit: 1,
  });
  const place = last?.[0] === entry.at ? last[1] + 1 : 0;
  void audit.put([entry.at, place], entry);
  for (const key of [...audit.getKeys({ limit: 10 })]) {
    if (key[0] < now - auditLife) void audit.remove(key);
  }
}

export function listAuditEntries(
  { audit }: Tables,
  { limit, before }: AuditPageRequest,
): Page<AuditEntry> {
  const [at = Number.MAX_SAFE_INTEGER, place = 0] = before?.split('.').map(Number) ?? [];
  const start: [number, number] = [at, place];
  const rows = Array.from(
    audit.getRange({ start, reverse: true, exclusiveStart: true, limit: limit + 1 }),
  );
  const entries = rows.slice(0, limit);
  const last = rows.length > limit ? entries.at(-1)?.key : undefined;
  return {
    entries: entries.map(({ value }) => value),
    next: last && `${last[0]}.${last[1]}`,
  };
}

/** Whether a state may be dropped: no decision in it has not ended. */
export function isDroppable({ text, revision }: TagStateRow, now: number): boolean {
  const { state, isNewer } = readTagState(text, revision);
  // This version cannot tell which decisions a newer state holds.
  return !isNewer && !hasOrders(state, now);
}

/** How many states are looked at between two turns of the event loop. */
const batch = 500;

/** Drops the states that were not written for long and hold no decision. */
export async function dropOldStates(
  { tagStates, write }: Pick<IndexDatabase, 'tagStates' | 'write'>,
  now: number,
): Promise<void> {
  let after: [string, string] | undefined;
  for (;;) {
    const rows = Array.from(
      tagStates.getRange({ limit: batch, ...(after && { start: after, exclusiveStart: true }) }),
    );
    const old = rows.filter(
      ({ value }) => now - value.written > runLife && isDroppable(value, now),
    );
    if (old.length > 0) {
      await write(() => {
        for (const { key } of old) void tagStates.remove(key);
      });
    }
    after = rows.at(-1)?.key;
    if (rows.length < batch) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
