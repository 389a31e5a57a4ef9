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
  /** From the bucket itself, by a URL signed for GET. */
  | { readonly kind: 'redirect'; readonly url: string }
  /**
   * From here: a stream, which may hold the blob open and so must be read or cancelled, or the
   * bytes of a small blob that are in memory anyway.
   */
  | {
      readonly kind: 'stream';
      /** Of the whole blob in bytes, also when the stream is a range of it. */
      readonly size: number;
      readonly body: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer>;
    };

/** A blob that the index says is stored; size in bytes. */
export type NotedBlob = Pick<StoredBlob, 'digest' | 'size'>;

/** The blob that is to be stored; the size is undefined only when nobody stated it. */
export interface WantedBlob {
  readonly digest: Digest;
  readonly size: number | undefined;
}

/**
 * A blob whose size nobody stated grew beyond what may be stored, or beyond what there is room for.
 * Nothing of it is kept.
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
   * The bytes from `start` to `end` (included) or to the blob's end; the first are asked for at once.
   * The reader mends breaks itself and a read rejects only when the source is given up, so a store
   * has no retries of its own.
   */
  open(start: number, end?: number): ByteReader;
  /**
   * How many slices may be read side by side: 1 where each of them would be a request that the
   * registry sees. Rejects when the upstream gives no answer.
   */
  slices(): Promise<number>;
}

/** How a put ended, when neither the source nor the store failed. */
export type PutOutcome =
  | { readonly kind: 'stored'; readonly size: number }
  /**
   * `pauseAt` came before the end: nothing is visible, and a put that is given `progress` goes on
   * from there. It is a text of at most 60 KB that only the store reads.
   */
  | { readonly kind: 'paused'; readonly progress: string }
  /** Size or digest differ from what was wanted: nothing of it is visible. */
  | { readonly kind: 'mismatch'; readonly reason: string };

/** A put whose bytes were not those that were wanted. */
export type Mismatch = Extract<PutOutcome, { kind: 'mismatch' }>;

/** The outcome for bytes of another size; a store stops reading at the first byte too many. */
export function wrongSize(expected: number, got: number): Mismatch {
  const reason = `expected ${expected} bytes, got ${got > expected ? 'more' : got}`;
  return { kind: 'mismatch', reason };
}

/** The outcome for bytes of the right size whose hash is `hex`. */
export function wrongDigest(wanted: Digest, hex: string): Mismatch {
  return { kind: 'mismatch', reason: `their digest is ${algorithmOf(wanted)}:${hex}` };
}

/** How a put is made. */
export interface PutOptions {
  /** Aborting leaves nothing visible. */
  readonly signal?: AbortSignal | undefined;
  /** What the put before this one left; a text that cannot be gone on from begins at the start. */
  readonly progress?: string | undefined;
  /** When the process may have to end, in ms since 1970. A store that cannot pause ignores it. */
  readonly pauseAt?: number | undefined;
}

/** A put under way. */
export interface BlobPut {
  /**
   * Rejects with the source's error, or with the store's own: a BlobTooLarge where a blob of unknown
   * size outgrew the room that the store has.
   */
  readonly done: Promise<PutOutcome>;
  /** Resolves when the store took the first bytes, which a follower finds at once. */
  readonly begun?: Promise<void>;
  /**
   * The blob's bytes as they arrive, for a store whose unfinished blobs can be read; undefined
   * elsewhere. The stream reads at its reader's pace and never slows the put. Its last bytes come
   * only once all are verified: a reader never sees a clean end of wrong bytes.
   */
  follow?(range?: ByteRange): ReadableStream<Uint8Array>;
  /** How many bytes, from the blob's start, a follower finds at once. */
  arrived?(): number;
}

/**
 * The layers and configs, by digest.
 *
 * A blob is visible only whole, with its size and digest verified, and survives a crash from the
 * moment its put resolved. A method rejects when the store cannot be reached.
 */
export interface BlobStore {
  /** Size and age of a stored blob; undefined when it is not stored. */
  stat(digest: Digest): Promise<StoredBlob | undefined>;

  /** Where a client gets a stored blob, or a range of it that lies within its size. */
  locate(digest: Digest, range?: ByteRange): Promise<BlobLocation | undefined>;

  /** Stores a blob. A blob stored meanwhile is success. */
  put(blob: WantedBlob, source: BlobSource, options?: PutOptions): BlobPut;

  /**
   * Tells what the index says is stored, so that a store which would have to ask for it need not.
   * Never waits and never fails; a store that knows anyway ignores it.
   */
  noteStored(blobs: readonly NotedBlob[]): void;

  /**
   * Reads a stored blob again, as something speaks against it, and deletes it when its bytes are not
   * those of its digest. Resolves to whether it is there and right. Only a store has it whose blobs
   * somebody else could change; one that was read since it was opened is not read again.
   */
  recheck?(digest: Digest): Promise<boolean>;

  /** Deletes a blob; without effect when it is not there. Readers under way may finish. */
  delete(digest: Digest): Promise<void>;

  /**
   * Every stored blob, in no order. With `after`: those whose digests come after it as texts, in
   * that order, so that a listing can begin anywhere.
   */
  list(after?: Digest): AsyncIterable<StoredBlob>;

  /** What all stored blobs take, in bytes. */
  usedBytes(): Promise<number>;
}
