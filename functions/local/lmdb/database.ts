import { join } from 'node:path';
import { type Database, open } from 'lmdb';
import { withTimeout } from '../../core/concurrency/timeout.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { Counters, SeenRateLimit } from '../../core/ports/ledger.ts';
import type { ReferrersList, TagList, TagRecord } from '../../core/ports/manifest-store.ts';
import type { StoredFill } from '../../memory/fill-queue.ts';

/** What is kept of a manifest besides its bytes. */
interface ManifestRecord {
  readonly mediaType: string;
  /** Its last mark, in ms since 1970: the key under which it stands in `pulls`. */
  readonly pulled: number;
  /** When all that it needs was last seen stored, in ms since 1970. */
  readonly complete?: number;
  /** The blobs it names, so that it can be taken out again without reading it. */
  readonly blobs: readonly Digest[];
}

/**
 * The tables of the index. A key is a string, or an array that is ordered element by element. A
 * repository stands in it as `registry/name`.
 */
export interface IndexDatabase {
  /** [repository, tag] */
  readonly tags: Database<TagRecord, [string, string]>;
  /** [repository, manifest] */
  readonly manifests: Database<ManifestRecord, [string, string]>;
  /** manifest: the bytes, once for all repositories. */
  readonly bytes: Database<Buffer, string>;
  /** [manifest, repository]: who has a manifest. */
  readonly holders: Database<1, [string, string]>;
  /** [repository, blob, manifest]: what the manifest says of the blob. */
  readonly entries: Database<Descriptor, [string, string, string]>;
  /** [blob, repository, manifest]: the same the other way round. */
  readonly namers: Database<1, [string, string, string]>;
  /** [ms since 1970, repository, manifest]: in the order of the last pull. */
  readonly pulls: Database<1, [number, string, string]>;
  /** repository */
  readonly catalogue: Database<1, string>;
  /** repository */
  readonly tagLists: Database<TagList, string>;
  /** [repository, subject] */
  readonly referrers: Database<ReferrersList, [string, string]>;
  /** [registry, account] */
  readonly rateLimits: Database<SeenRateLimit, [string, string]>;
  /** `total` */
  readonly counters: Database<Counters, string>;
  /** [repository, blob] */
  readonly fills: Database<StoredFill, [string, string]>;
  /**
   * Runs writes as one step: all of them or, when it throws, none. Resolves when they are on disk;
   * rejects with what kept them from it. A write outside of a step would leave the package's own
   * rejections to nobody, and they would end the process.
   */
  write<Result>(work: () => Result): Promise<Result>;
  close(): Promise<void>;
}

/**
 * Opens the index in `<folder>/index`, or creates it.
 *
 * A commit is synchronised to disk before its promise resolves (`overlappingSync` off), so what was
 * acknowledged survives a kill and a power cut. Values are JSON and plain bytes, not the package's
 * own encoding, so that any LMDB tool can read them.
 *
 * With `eventTurnBatching` the package begins a batch by a promise that it keeps to itself: a commit
 * that a full disk refuses would reject it, which ends a process of Node. Steps need no batches.
 */
export function openIndexDatabase(folder: string): IndexDatabase {
  const root = open({
    path: join(folder, 'index'),
    maxDbs: 16,
    overlappingSync: false,
    eventTurnBatching: false,
  });
  const json = { encoding: 'json' } as const;
  return {
    tags: root.openDB('tags', json),
    manifests: root.openDB('manifests', json),
    bytes: root.openDB('bytes', { encoding: 'binary' }),
    holders: root.openDB('holders', json),
    entries: root.openDB('entries', json),
    namers: root.openDB('namers', json),
    pulls: root.openDB('pulls', json),
    catalogue: root.openDB('catalogue', json),
    tagLists: root.openDB('tag-lists', json),
    referrers: root.openDB('referrers', json),
    rateLimits: root.openDB('rate-limits', json),
    counters: root.openDB('counters', json),
    fills: root.openDB('fills', json),
    // A child transaction, because a plain one keeps what was written before its callback threw.
    write: (work) => committed(root.childTransaction(work)),
    close: () => root.close(),
  };
}

/** How long a failed commit may take to say why, in ms. */
const reasonLife = 1_000;

/** Rejects with the reason of a failed commit, which the package hands over as one more promise. */
async function committed<Result>(writing: Promise<Result>): Promise<Result> {
  try {
    return await writing;
  } catch (error) {
    if (!(error instanceof Error && 'commitError' in error)) throw error;
    const reason = Promise.resolve(error.commitError).then(
      () => error,
      (cause: unknown) => cause,
    );
    throw (await withTimeout(reasonLife, reason)) ?? error;
  }
}
