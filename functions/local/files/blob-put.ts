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
import type { BlobFolder } from './blob-folder.ts';
import type { DiskSpace, SpaceClaim } from './disk-space.ts';
import { fileBody } from './file-body.ts';
import { type FileHash, type HashThread, streamHash } from './file-hash.ts';
import { OpenFile } from './open-file.ts';
import { FileWriter } from './writer.ts';

/** From this size, or if the size is unknown, a blob is hashed by the thread. */
const largeBlob = 8 * 1024 * 1024;

/** A blob of unknown size reserves disk space in steps of this many bytes. */
const spaceStep = 64 * 1024 * 1024;

/** The file of an unverified blob. */
export interface Incoming {
  readonly path: string;
  readonly file: OpenFile;
}

/** What a put needs of its store. */
export interface PutContext {
  readonly folder: BlobFolder;
  readonly space: DiskSpace;
  readonly hashThread: HashThread;
  /** Makes a verified file the blob; resolves when it is visible and durable. */
  publish(incoming: Incoming, digest: Digest, size: number): Promise<void>;
}

/** A fill on one machine has no deadline, so a put never pauses. */
type Outcome = Exclude<PutOutcome, { kind: 'paused' }>;

/**
 * A blob in flight: written to a file of its own, hashed, and published only if size and digest are
 * right. Followers read the same file behind the writer.
 */
export class FileBlobPut implements BlobPut, SpaceClaim {
  readonly done: Promise<PutOutcome>;
  readonly begun: Promise<void>;
  readonly #wanted: WantedBlob;
  readonly #context: PutContext;
  readonly #extent: GrowingExtent;
  readonly #incoming: Promise<Incoming>;
  /** How large the file may become before more disk space must be reserved, in bytes. */
  #reserved: number;
  #isOver = false;
  #begin: () => void = () => undefined;

  constructor(wanted: WantedBlob, source: BlobSource, signal: AbortSignal, context: PutContext) {
    this.#wanted = wanted;
    this.#context = context;
    this.#extent = new GrowingExtent(wanted.size);
    this.#reserved = wanted.size ?? spaceStep;
    this.begun = new Promise((resolve) => {
      this.#begin = resolve;
    });
    this.#incoming = context.space.reserve(this).then(() => context.folder.createIncoming());
    this.done = this.#run(source, signal);
    // Callers that only follow must not cause an unhandled rejection.
    this.done.catch(() => undefined);
  }

  arrived(): number {
    return this.#extent.readable;
  }

  get missing(): number {
    return Math.max(0, this.#reserved - this.#extent.readable);
  }

  grant(bytes: number): void {
    this.#reserved += bytes;
  }

  /**
   * A range that ends before the blob's last byte ends cleanly as soon as its bytes are there: its
   * reader has no digest to check it by, and waiting would slow clients that request range by range.
   */
  follow(range?: ByteRange): ReadableStream<Uint8Array> {
    const file = this.#isOver
      ? OpenFile.read(this.#context.folder.path(this.#wanted.digest))
      : this.#incoming.then((incoming) => incoming.file.retain());
    return fileBody(file, this.#extent, range);
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
    } finally {
      this.#context.space.release(this);
    }
  }

  async #store(incoming: Incoming, source: BlobSource, signal: AbortSignal): Promise<Outcome> {
    const { digest } = this.#wanted;
    const { folder, publish } = this.#context;
    try {
      const outcome = await this.#receive(incoming.file, source, signal);
      if (outcome.kind === 'stored') {
        this.#extent.end(outcome.size);
        await publish(incoming, digest, outcome.size);
      } else {
        this.#extent.fail(wrongBytes(digest, outcome.reason));
        await folder.removeIncoming(incoming.path);
      }
      return outcome;
    } catch (error) {
      // Report the first error; the next start removes the file if this fails.
      await folder.removeIncoming(incoming.path).catch(() => undefined);
      throw error;
    }
  }

  /** Writes and hashes the source's bytes and compares them with what was wanted. */
  async #receive(file: OpenFile, source: BlobSource, signal: AbortSignal): Promise<Outcome> {
    const { digest, size } = this.#wanted;
    const isLarge = (size ?? largeBlob) >= largeBlob;
    const algorithm = algorithmOf(digest);
    const hash = isLarge ? this.#context.hashThread.hash(algorithm, file) : streamHash(algorithm);
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

  /** Resolves to the number of bytes received; stops at the first byte beyond the wanted size. */
  async #copy(
    file: OpenFile,
    hash: FileHash,
    source: BlobSource,
    signal: AbortSignal,
  ): Promise<number> {
    const { digest, size: most = Number.POSITIVE_INFINITY } = this.#wanted;
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
          void cancel(wrongBytes(digest, wrongSize(most, received).reason));
          break;
        }
        if (received > this.#reserved) await this.#reserveMore(received);
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

  /** Reserves disk space up to `bytes`; only for a blob of unknown size. */
  async #reserveMore(bytes: number): Promise<void> {
    try {
      while (bytes > this.#reserved) await this.#context.space.extend(this, spaceStep);
    } catch (error) {
      throw new BlobTooLarge(`${this.#wanted.digest} does not fit on the disk`, error);
    }
  }
}

function wrongBytes(digest: Digest, reason: string): Error {
  return new Error(`wrong bytes for ${digest}: ${reason}`);
}
