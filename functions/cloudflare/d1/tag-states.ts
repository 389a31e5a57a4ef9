import type { Digest } from '../../core/oci/digest.ts';
import { repositoryKey } from '../../core/oci/repository.ts';
import { type AuditEntry, type AuditLog, auditLife } from '../../core/ports/audit-log.ts';
import { keptUntil, readTagState, tagStateText } from '../../core/ports/tag-state-text.ts';
import type { ListedTagState, TagStates } from '../../core/ports/tag-states.ts';
import { busyIfOverloaded } from './overload.ts';
import * as statements from './statements.ts';

interface StateRow {
  readonly tag: string;
  readonly state: string;
  readonly revision: number;
}

interface AuditRow extends Omit<AuditEntry, 'digest' | 'until'> {
  readonly id: number;
  readonly digest: Digest | null;
  readonly until: number | null;
}

/** How many rows of a list are read at once. */
const pageSize = 200;

/** What is known about tags over time, in D1. `now` in ms since 1970. */
export function d1TagStates(database: D1Database, now: () => number): TagStates {
  return {
    async getTagState(repository, tag) {
      const reading = database
        .prepare(statements.getTagState)
        .bind(repositoryKey(repository), tag)
        .first<StateRow>();
      const row = await busyIfOverloaded(reading);
      return row === null ? undefined : readTagState(row.state, row.revision);
    },

    async putTagState(repository, tag, state, revision) {
      const time = now();
      const expires = keptUntil(state, time) ?? null;
      const key = repositoryKey(repository);
      const text = tagStateText(state);
      const [written] = await busyIfOverloaded(
        database.batch([
          database
            .prepare(statements.putTagState)
            .bind(key, tag, text, (revision ?? 0) + 1, expires, revision ?? null),
          database.prepare(statements.removeOldTagStates).bind(time),
        ]),
      );
      return written?.meta.changes === 1;
    },

    async listTagStates(repository) {
      const states: ListedTagState[] = [];
      let after = '';
      for (;;) {
        const listing = database
          .prepare(statements.listTagStates)
          .bind(repositoryKey(repository), after, pageSize)
          .all<StateRow>();
        const { results } = await busyIfOverloaded(listing);
        for (const { tag, state, revision } of results) {
          const { state: read, isNewer } = readTagState(state, revision);
          states.push({ tag, state: read, revision, isNewer });
          after = tag;
        }
        if (results.length < pageSize) return states;
      }
    },
  };
}

/** The decisions of people, in D1. `now` in ms since 1970. */
export function d1AuditLog(database: D1Database, now: () => number): AuditLog {
  return {
    async putAuditEntry({ at, action, by, why, repository, tag, digest, until }) {
      const putting = database.batch([
        database
          .prepare(statements.putAuditEntry)
          .bind(at, action, by, why, repository, tag, digest ?? null, until ?? null),
        database.prepare(statements.removeOldAuditEntries).bind(now() - auditLife),
      ]);
      await busyIfOverloaded(putting);
    },

    async listAuditEntries({ limit, before }) {
      const [at = Number.MAX_SAFE_INTEGER, id = 0] = before?.split('.').map(Number) ?? [];
      const listing = database
        .prepare(statements.listAuditEntries)
        .bind(at, id, limit + 1)
        .all<AuditRow>();
      const { results } = await busyIfOverloaded(listing);
      const rows = results.slice(0, limit);
      const last = results.length > limit ? rows.at(-1) : undefined;
      return {
        entries: rows.map(({ id: _, digest, until, ...entry }) => ({
          ...entry,
          digest: digest ?? undefined,
          until: until ?? undefined,
        })),
        next: last && `${last.at}.${last.id}`,
      };
    },
  };
}
