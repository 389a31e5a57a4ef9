import type { Digest } from '../oci/digest.ts';
import type { Page } from '../oci/page.ts';

/** What people can decide about images. */
export type AuditAction = 'freeze' | 'thaw' | 'rollback' | 'bypass' | 'pin' | 'unpin';

/** A decision of a person. Holds no secret. */
export interface AuditEntry {
  /** In ms since 1970. */
  readonly at: number;
  readonly action: AuditAction;
  readonly by: string;
  readonly why: string;
  /** `docker.io/library/alpine` */
  readonly repository: string;
  readonly tag: string;
  readonly digest: Digest | undefined;
  /** When it ends, in ms since 1970. */
  readonly until: number | undefined;
}

/** How long an entry is kept, in ms: longer than the history of tags. */
export const auditLife = 400 * 86_400_000;

/** Which entries to list: those before the cursor of another page. */
export interface AuditPageRequest {
  readonly limit: number;
  /** `next` of the page before; undefined: the newest entries. */
  readonly before: string | undefined;
}

/** The decisions of people, kept for `auditLife`. */
export interface AuditLog {
  /** Adds an entry. Two of the same moment are both kept. */
  putAuditEntry(entry: AuditEntry): Promise<void>;

  /** Entries, the newest first. `next` is undefined on the last page. */
  listAuditEntries(page: AuditPageRequest): Promise<Page<AuditEntry>>;
}
