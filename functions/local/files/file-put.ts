import type { ByteRange } from '../../core/headers/range.ts';
import { algorithmOf, type Digest, encodedOf } from '../../core/oci/digest.ts';
import {
  type BlobPut,
  type BlobSource,
  BlobTooLarge,
  type PutOutcome,
  type WantedBlob,
  wrongDigest,
  wrongSize,
} from '../../core/ports/blob-store.ts';
import { GrowingExtent } from '../../memory/extent.ts';
import type { Growing } from './disk-space.ts';
import { bodyOf } from './file-body.ts';
import { type FileHash, type HashThread, passingHash } from './file-hash.ts';
import type { OpenFile } from './open-file.ts';
import { FileSlice } from './slice.ts';
import { FileWriter } from './writer.ts';

/** From this size on a blob is hashed by the thread; also a blob of unknown size. */
const largeBlob = 8 * 1024 * 1024;

/** A blob of unknown size asks the disk for room each time that it grew by so many bytes. */
const roomStep = 64 * 1024 * 1024;

/** A file for bytes that are not verified yet. */
export interface Incoming {
  readonly path: string;
  readonly file: OpenFile;
}

/** What a put needs of the store. */
export interface PutContext {
  readonly hashThread: HashThread;
  /** Rejects where there is no room for the blob. */
  createIncoming(blob: Growing): Promise<Incoming>;
  /** Rejects where there is no room for so many bytes more. */
  growIncoming(blob: Growing, bytes: number): Promise<void>;
  removeIncoming(path: string): Promise<void>;
  /** Makes a verified file the blob; resolves when it is visible and durable. */
  publish(incoming: Incoming, digest: Digest, size: number): Promise<void>;
  /** The published blob. */
  openStored(digest: Digest): Promise<OpenFile>;
}

/** A follower's bytes are not what was wanted; nothing of them was stored. */
class WrongBytes extends Error {
  constructor(digest: Digest, reason: string) {
    super(`the bytes of ${digest} are wrong: ${reason}`);
    this.name = 'WrongBytes';
  }
}

/** A file that stops half-way is begun again: a fill here has no end of time. */
type Verdict = Exclude<PutOutcome, { kind: 'paused' }>;

/**
 * A blob on its way to disk: written to a file of its own, hashed, and published only if it is what
 * was wanted. Followers read the same file behind the writer.
 */
export class FileBlobPut implements BlobPut, Growing {
  readonly done: Promise<PutOutcome>;
  readonly begun: Promise<void>;
  readonly #wanted: WantedBlob;
  readonly #context: PutContext;
  readonly #extent: GrowingExtent;
  readonly #incoming: Promise<Incoming>;
  /** How large the file may become before the disk is asked again, in bytes. */
  #room: number;
  #isOver = false;
  #begin: () => void = () => undefined;

  constructor(wanted: WantedBlob, source: BlobSource, signal: AbortSignal, context: PutContext) {
    this.#wanted = wanted;
    this.#context = context;
    this.#extent = new GrowingExtent(wanted.size);
    this.#room = wanted.size ?? roomStep;
    this.begun = new Promise((resolve) => {
      this.#begin = resolve;
    });
    this.#incoming = context.createIncoming(this);
    this.done = this.#run(source, signal);
    // Who only follows does not have to look at the outcome.
    this.done.catch(() => undefined);
  }

  arrived(): number {
    return this.#extent.readable;
  }

  get missing(): number {
    return Math.max(0, this.#room - this.#extent.readable);
  }

  grant(bytes: number): void {
    this.#room += bytes;
  }

  /**
   * A range that ends before the blob's last byte ends cleanly as soon as it is there: its reader
   * has no digest of it to compare, and waiting would hold up a client that asks range by range.
   */
  follow(range?: ByteRange): ReadableStream<Uint8Array> {
    const file = this.#isOver
      ? this.#context.openStored(this.#wanted.digest)
      : this.#incoming.then((incoming) => incoming.file.retain());
    const end = range === undefined ? Number.POSITIVE_INFINITY : range.end + 1;
    return bodyOf(new FileSlice(file, this.#extent, range?.start ?? 0, end));
  }

  async #run(source: BlobSource, signal: AbortSignal): Promise<PutOutcome> {
    try {
      const incoming = await this.#incoming;
      try {
        return await this.#store(incoming, source, signal);
      } finally {
        this.#isOver = true;
        incoming.file.release();
      }
    } catch (error) {
      this.#extent.fail(error instanceof Error ? error : new Error(String(error)));
      throw error;
    }
  }

  async #store(incoming: Incoming, source: BlobSource, signal: AbortSignal): Promise<PutOutcome> {
    const { digest } = this.#wanted;
    try {
      const verdict = await this.#receive(incoming.file, source, signal);
      if (verdict.kind === 'stored') {
        this.#extent.end(verdict.size);
        await this.#context.publish(incoming, digest, verdict.size);
        return verdict;
      }
      this.#extent.fail(new WrongBytes(digest, verdict.reason));
      await this.#context.removeIncoming(incoming.path);
      return verdict;
    } catch (error) {
      // The first error says what went wrong; the file would be removed at the next start at last.
      await this.#context.removeIncoming(incoming.path).catch(() => undefined);
      throw error;
    }
  }

  /** Writes and hashes what comes; says whether it is what was wanted. */
  async #receive(file: OpenFile, source: BlobSource, signal: AbortSignal): Promise<Verdict> {
    const { digest, size } = this.#wanted;
    const isLarge = (size ?? largeBlob) >= largeBlob;
    const algorithm = algorithmOf(digest);
    const hash = isLarge ? this.#context.hashThread.hash(algorithm, file) : passingHash(algorithm);
    try {
      const received = await this.#copy(file, hash, source, signal);
      if (size !== undefined && received !== size) return wrongSize(size, received);
      const hex = await hash.hex(received);
      if (hex === encodedOf(digest)) return { kind: 'stored', size: received };
      return wrongDigest(digest, hex);
    } finally {
      hash.drop();
    }
  }

  /** Resolves to how many bytes came; stops at once when they are more than wanted. */
  async #copy(
    file: OpenFile,
    hash: FileHash,
    source: BlobSource,
    signal: AbortSignal,
  ): Promise<number> {
    const most = this.#wanted.size ?? Number.POSITIVE_INFINITY;
    const writer = new FileWriter(file, (written) => {
      hash.grown(written);
      this.#extent.grow(written);
      this.#begin();
    });
    signal.throwIfAborted();
    const reader = source.open(0);
    const cancel = (reason: unknown) => reader.cancel(reason).catch(() => undefined);
    const onAbort = () => void cancel(signal.reason);
    signal.addEventListener('abort', onAbort);
    let received = 0;
    try {
      for (;;) {
        const { done, value } = await reader.read();
        signal.throwIfAborted();
        if (done) break;
        received += value.byteLength;
        if (received > most) {
          void cancel(new WrongBytes(this.#wanted.digest, wrongSize(most, received).reason));
          break;
        }
        if (received > this.#room) await this.#grow(received);
        hash.update(value);
        writer.append(value);
        if (writer.isFull) await writer.drained();
      }
    } catch (error) {
      void cancel(error);
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
      await writer.drained();
    }
    return received;
  }

  /** Asks the disk for room up to `bytes`: only a blob of unknown size comes here. */
  async #grow(bytes: number): Promise<void> {
    try {
      while (bytes > this.#room) await this.#context.growIncoming(this, roomStep);
    } catch (error) {
      const { digest } = this.#wanted;
      throw new BlobTooLarge(`${digest} grew beyond the room on the disk`, error);
    }
  }
}
