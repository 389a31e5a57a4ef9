import type { ByteReader } from '../bytes/byte-reader.ts';
import type { ByteRange } from '../headers/range.ts';
import { algorithmOf, type Digest } from '../oci/digest.ts';

/** A stored blob. */
export interface StoredBlob {
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
  /** When it was published, in ms since 1970. */
  readonly stored: number;
}

/** How a client gets the bytes of a stored blob. */
export type BlobLocation =
  /** From the bucket, by a URL signed for GET. */
  | { readonly kind: 'redirect'; readonly url: string }
  /**
   * From the mirror: the bytes of a small blob in memory, or a stream, which may hold the blob open and
   * must be read or cancelled.
   */
  | {
      readonly kind: 'stream';
      /** Of the whole blob in bytes, also when the body is a range of it. */
      readonly size: number;
      readonly body: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer>;
    };

/** A blob that the index says is stored; size in bytes. */
export type NotedBlob = Pick<StoredBlob, 'digest' | 'size'>;

/** A blob to store; the size is in bytes, undefined if it is unknown. */
export interface WantedBlob {
  readonly digest: Digest;
  readonly size: number | undefined;
}

/**
 * A blob of unknown size grew beyond the size limit, or beyond the free space. Nothing of it is kept.
 */
export class BlobTooLarge extends Error {
  constructor(reason: string, cause?: unknown) {
    super(reason, cause === undefined ? undefined : { cause });
    this.name = 'BlobTooLarge';
  }
}

/** Where the bytes of a blob come from. */
export interface BlobSource {
  /**
   * The bytes from `start` to `end` (inclusive) or to the blob's end, requested at once. The reader
   * resumes after a broken connection, and rejects only when it gives up: a store must not retry.
   */
  open(start: number, end?: number): ByteReader;
  /**
   * How many slices may be read at a time: 1 where each would be a request to the registry. Rejects
   * when the upstream does not answer.
   */
  slices(): Promise<number>;
}

/** The outcome of a put in which neither the source nor the store failed. */
export type PutOutcome =
  | { readonly kind: 'stored'; readonly size: number }
  /**
   * `pauseAt` came first. Nothing is visible, and the next put can resume from `progress`, a text of
   * at most 60 KB that only the store reads.
   */
  | { readonly kind: 'paused'; readonly progress: string }
  /** The bytes have another size or digest. Nothing is visible. */
  | { readonly kind: 'mismatch'; readonly reason: string };

/** The outcome for bytes of another size or digest. */
export type Mismatch = Extract<PutOutcome, { kind: 'mismatch' }>;

/** The outcome for bytes of another size. A store stops reading at the first byte too many. */
export function wrongSize(expected: number, got: number): Mismatch {
  const reason = `expected ${expected} bytes, got ${got > expected ? 'more' : got}`;
  return { kind: 'mismatch', reason };
}

/** The outcome for bytes of the right size whose hash is `hex`. */
export function wrongDigest(expected: Digest, hex: string): Mismatch {
  const reason = `expected ${expected}, got ${algorithmOf(expected)}:${hex}`;
  return { kind: 'mismatch', reason };
}

/** The options of a put. */
export interface PutOptions {
  /** Aborting leaves nothing visible. */
  readonly signal?: AbortSignal | undefined;
  /** Of the previous put, which paused. Unreadable progress means starting over. */
  readonly progress?: string | undefined;
  /** When to pause, in ms since 1970: the process may end soon after. Ignored by some stores. */
  readonly pauseAt?: number | undefined;
  /** `usedBytes` may count the blob only after `countLate`. Ignored by stores without that. */
  readonly countsLater?: boolean | undefined;
}

/** A running put. */
export interface BlobPut {
  /**
   * Rejects with the source's error or the store's own, which is a BlobTooLarge if a blob of unknown
   * size outgrew the free space.
   */
  readonly done: Promise<PutOutcome>;
  /** Resolves when the store has the first bytes, which a follower can then read. */
  readonly begun?: Promise<void>;
  /**
   * Streams the blob's bytes as they arrive; undefined for a store whose unfinished blobs cannot be
   * read. A slow reader does not slow the put. The last bytes arrive only after all are verified: a
   * reader never gets a complete but wrong blob.
   */
  follow?(range?: ByteRange): ReadableStream<Uint8Array>;
  /** How many bytes from the blob's start a follower can read now. */
  arrived?(): number;
}

/** A blob that was condemned, and when, in ms since 1970. */
export interface CondemnedBlob {
  readonly digest: Digest;
  readonly since: number;
}

/**
 * Deletion in two steps. A condemned blob is no longer stored as far as `stat`, `list` and `usedBytes`
 * are concerned, but its bytes stay until everybody who learned of it earlier is done with it: URLs
 * work, and `locate` still finds it for a while. A put of it restores it without opening its source.
 *
 * All methods reject when the index or the bucket cannot be reached. A process may end after any step
 * of any method: what is left can be read, restored, or deleted by the next call.
 */
export interface Condemnation {
  /** How long an answer of the store may be acted on, in ms. */
  readonly memoryLife: number;

  /**
   * Condemns a blob. Resolves to the blob, or to undefined if it was not stored. For a blob that is
   * condemned already, the time until its deletion begins anew.
   */
  condemn(digest: Digest): Promise<StoredBlob | undefined>;

  /** At most `limit` blobs whose bytes nobody reads any more, those condemned first at the beginning. */
  due(limit: number): Promise<readonly CondemnedBlob[]>;

  /** Makes a condemned blob stored again; without effect on any other. */
  restore(digest: Digest): Promise<void>;

  /** Deletes the bytes of a blob that is due, unless it was restored or condemned anew meanwhile. */
  erase(blob: CondemnedBlob): Promise<void>;
}

/** Corrects `usedBytes` where it is kept beside the blobs. Rejects when the store cannot be reached. */
export interface Recount {
  /** Whether a count is older than a week. Asks the store at most once an hour. */
  isDue(): Promise<boolean>;

  /**
   * Counts the blobs anew, part by part, for as long as `hasTime`. A part in which a blob is stored or
   * condemned meanwhile remains for the next run.
   */
  run(hasTime: () => Promise<boolean>): Promise<void>;
}

/**
 * The layers and configs, by digest.
 *
 * A blob becomes visible as a whole, with its size and digest verified. It survives a crash once its
 * put has resolved. A method rejects when the store cannot be reached.
 */
export interface BlobStore {
  /** Undefined when the blob is not stored. */
  stat(digest: Digest): Promise<StoredBlob | undefined>;

  /**
   * Where a client gets a stored blob, or a range within its size; undefined when it is not stored.
   * `urlLife`, in ms, overrides how long a URL is valid.
   */
  locate(digest: Digest, range?: ByteRange, urlLife?: number): Promise<BlobLocation | undefined>;

  /** Stores a blob. If another put stores it meanwhile, that is a success. */
  put(blob: WantedBlob, source: BlobSource, options?: PutOptions): BlobPut;

  /**
   * Passes on which blobs the index says are stored, so that the store need not look them up. Neither
   * waits nor fails; a store that knows anyway ignores it.
   */
  noteStored(blobs: readonly NotedBlob[]): void;

  /**
   * Verifies a stored blob that is suspected to be corrupt, and deletes it if its bytes do not match its
   * digest. Resolves to true if it is stored and intact. Only for stores whose blobs other software could
   * change. A blob that was verified since the store was opened is not read again.
   */
  recheck?(digest: Digest): Promise<boolean>;

  /**
   * Makes the next `locate` of a stored blob read and verify it again: a client that requests it twice
   * may have got wrong bytes. Without effect if it did so too often lately. Neither waits nor fails.
   */
  doubt?(digest: Digest): void;

  /** Adds a listener for each blob that the store finds corrupt, called after its deletion. */
  onDamaged?(listener: (digest: Digest) => void): void;

  /** Deletes a blob at once; without effect when it is not stored. Running reads may finish. */
  delete(digest: Digest): Promise<void>;

  /**
   * Deletion in two steps. Only for stores whose blobs are read without asking them each time: by signed
   * URLs, and by other instances that remember what the store said.
   */
  readonly condemnation?: Condemnation;

  /**
   * Yields every stored blob, in any order. With `after`: those whose digests sort after it as texts, in
   * that order, so that a listing can begin anywhere.
   */
  list(after?: Digest): AsyncIterable<StoredBlob>;

  /** The sizes of all stored blobs together, in bytes. */
  usedBytes(): Promise<number>;

  /**
   * Counts the blobs that this process put with `countsLater`, in one step. If it ends before, `usedBytes`
   * lacks them until the next recount.
   */
  countLate?(): Promise<void>;

  /** Only for stores that keep `usedBytes` beside the blobs. */
  readonly recount?: Recount | undefined;
}
