import { join } from 'node:path';
import { type Database, type Key, open } from 'lmdb';
import { withTimeout } from '../../core/concurrency/timeout.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { AuditEntry } from '../../core/ports/audit-log.ts';
import type { Counters, SeenRateLimit, SpentPulls } from '../../core/ports/ledger.ts';
import type { Hold, ReferrersList, TagList, TagRecord } from '../../core/ports/manifest-store.ts';
import type { StoredFill } from '../../memory/fill-queue.ts';

/** What is stored of a manifest besides its bytes. */
interface ManifestRecord {
  readonly mediaType: string;
  /** The last recorded pull, in ms since 1970; part of its key in `pulls`. */
  readonly pulled: number;
  /** When everything that it needs was last seen stored, in ms since 1970. */
  readonly complete?: number;
  /** The blobs it names, so that it can be removed without parsing it. */
  readonly blobs: readonly Digest[];
}

/** A tag's state as it is stored. */
export interface TagStateRow {
  readonly text: string;
  readonly revision: number;
  /** In ms since 1970. */
  readonly written: number;
}

type Pair = [string, string];
type Triple = [string, string, string];

/** The tables of the index, and `write`. */
export type IndexDatabase = ReturnType<typeof openIndexDatabase>;

/**
 * Opens the index in `<folder>/index`, or creates it. A key is a string, or an array that is ordered
 * element by element. In keys a repository is `registry/name`.
 *
 * `overlappingSync` is off so that a commit is on disk before its promise resolves: what was
 * acknowledged survives a kill and a power cut. Values are JSON and plain bytes instead of lmdb's own
 * encoding, so that any LMDB tool can read them.
 *
 * `eventTurnBatching` is off because lmdb keeps the promise of such a batch to itself: if a full disk
 * refused the commit, its unhandled rejection would end the process.
 */
export function openIndexDatabase(folder: string) {
  const root = open({
    path: join(folder, 'index'),
    maxDbs: 32,
    overlappingSync: false,
    eventTurnBatching: false,
  });
  const opened: Database[] = [];
  const table = <Value, TableKey extends Key>(name: string) => {
    const one = root.openDB<Value, TableKey>(name, { encoding: 'json' });
    opened.push(one);
    return one;
  };
  const bytes = root.openDB<Buffer, string>('bytes', { encoding: 'binary' });
  opened.push(bytes);
  return {
    /** [repository, tag] */
    tags: table<TagRecord, Pair>('tags'),
    /** [repository, manifest] */
    manifests: table<ManifestRecord, Pair>('manifests'),
    /** manifest: its bytes, once for all repositories. */
    bytes,
    /** [manifest, repository]: the repositories that have a manifest. */
    holders: table<1, Pair>('holders'),
    /** [repository, blob, manifest]: what the manifest says about the blob. */
    entries: table<Descriptor, Triple>('entries'),
    /** [blob, repository, manifest]: the manifests that name a blob. */
    namers: table<1, Triple>('namers'),
    /** [ms since 1970, repository, manifest]: in the order of the last pull. */
    pulls: table<1, [number, string, string]>('pulls'),
    /** repository */
    catalogue: table<1, string>('catalogue'),
    /** repository */
    tagLists: table<TagList, string>('tag-lists'),
    /** [repository, subject] */
    referrers: table<ReferrersList, Pair>('referrers'),
    /** [repository, digest] */
    holds: table<Hold, Pair>('holds'),
    /** repository: when it was last seen to be public, in ms since 1970. */
    publicRepositories: table<number, string>('public'),
    /** [repository, tag] */
    tagStates: table<TagStateRow, Pair>('tag-states'),
    /** [ms since 1970, place within it] */
    audit: table<AuditEntry, [number, number]>('audit'),
    /** [registry, account] */
    rateLimits: table<SeenRateLimit, Pair>('rate-limits'),
    /** `total` */
    counters: table<Counters, string>('counters'),
    /** [month, client]: bytes */
    usage: table<number, Pair>('usage'),
    /** [day, name]: what `spendingKey` tells apart. */
    spending: table<SpentPulls, Pair>('spending'),
    /** [repository, blob] */
    fills: table<StoredFill, Pair>('fills'),
    /** `last`: the blob that was verified last in the background. */
    scrub: table<Digest, 'last'>('scrub'),
    /**
     * Runs writes as one transaction: all of them, or none if `work` throws. Resolves when they are
     * on disk; rejects with the reason if they are not. Outside of it, a write that fails would be an
     * unhandled rejection inside lmdb, which ends the process.
     */
    write<Result>(work: () => Result): Promise<Result> {
      // A plain transaction would keep the writes made before `work` threw; a child does not.
      return committed(root.childTransaction(work));
    },
    /** The size of all tables, in bytes. */
    usedBytes: () => opened.reduce((sum, one) => sum + tableBytes(one), 0),
    close: () => root.close(),
  };
}

/** The size of a table in bytes, without pages that are free. */
export function tableBytes(table: Pick<Database, 'getStats'>): number {
  const { pageSize, treeBranchPageCount, treeLeafPageCount, overflowPages } =
    table.getStats() as TableStats;
  return pageSize * (treeBranchPageCount + treeLeafPageCount + overflowPages);
}

/** What lmdb says of a table, which its types leave open. */
interface TableStats {
  readonly pageSize: number;
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
}

/** How long a failed commit may take to give its reason, in ms. */
const reasonTimeout = 1_000;

/** Rejects with the reason of a failed commit, which lmdb hands over as another promise. */
async function committed<Result>(writing: Promise<Result>): Promise<Result> {
  try {
    return await writing;
  } catch (error) {
    if (!(error instanceof Error && 'commitError' in error)) throw error;
    const reason = Promise.resolve(error.commitError).then(
      () => error,
      (cause: unknown) => cause,
    );
    throw (await withTimeout(reasonTimeout, reason)) ?? error;
  }
}
