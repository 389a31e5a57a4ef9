import type { ByteRange } from '../core/headers/range.ts';
import { algorithmOf, type Digest, encodedOf } from '../core/oci/digest.ts';
import {
  type BlobPut,
  type BlobSource,
  BlobTooLarge,
  type PutOutcome,
  type WantedBlob,
  wrongDigest,
  wrongSize,
} from '../core/ports/blob-store.ts';
import type { Runtime } from '../core/ports/runtime.ts';
import { BlobBytes } from './blob-bytes.ts';
import type { Room } from './room.ts';

/** A blob of unknown size takes room in steps of this many bytes. */
const roomStep = 8 * 1024 * 1024;

/** What a put needs of its store. */
export interface PutContext {
  readonly room: Room;
  readonly createHash: Runtime['createHash'];
  /** Publishes verified bytes. Returns the stored ones, which another put may have published first. */
  publish(digest: Digest, bytes: BlobBytes): BlobBytes;
}

/** A blob in flight: hashed as it arrives, and published only if size and digest are right. */
export class MemoryBlobPut implements BlobPut {
  readonly done: Promise<PutOutcome>;
  readonly begun: Promise<void>;
  readonly #wanted: WantedBlob;
  readonly #context: PutContext;
  #bytes: BlobBytes;
  /** How many bytes of the room it has taken. */
  #taken = 0;
  #begin: () => void = () => undefined;

  constructor(wanted: WantedBlob, source: BlobSource, signal: AbortSignal, context: PutContext) {
    this.#wanted = wanted;
    this.#context = context;
    this.#bytes = new BlobBytes(wanted.size, () => context.room.free(this.#taken));
    this.begun = new Promise((resolve) => {
      this.#begin = resolve;
    });
    this.done = this.#run(source, signal);
    // Callers that only follow must not cause an unhandled rejection.
    this.done.catch(() => undefined);
  }

  arrived(): number {
    return this.#bytes.extent.readable;
  }

  follow(range?: ByteRange): ReadableStream<Uint8Array> {
    return this.#bytes.read(range);
  }

  async #run(source: BlobSource, signal: AbortSignal): Promise<PutOutcome> {
    const { digest } = this.#wanted;
    try {
      const outcome = await this.#receive(source, signal);
      if (outcome.kind === 'stored') {
        this.#giveBack(this.#taken - outcome.size);
        this.#bytes.end();
        this.#bytes = this.#context.publish(digest, this.#bytes);
      } else {
        this.#fail(new Error(`wrong bytes for ${digest}: ${reasonOf(outcome)}`));
      }
      return outcome;
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
      throw error;
    }
  }

  #fail(failure: Error): void {
    this.#bytes.extent.fail(failure);
    this.#bytes.drop();
  }

  /** Stores and hashes the source's bytes and compares them with what was wanted. */
  async #receive(source: BlobSource, signal: AbortSignal): Promise<PutOutcome> {
    const { digest, size } = this.#wanted;
    signal.throwIfAborted();
    const { capacity } = this.#context.room;
    if (size !== undefined && size > capacity) {
      throw new BlobTooLarge(
        `${digest} is larger than the ${capacity} bytes of the store in memory`,
      );
    }
    await this.#take(size ?? roomStep);
    signal.throwIfAborted();
    const algorithm = algorithmOf(digest);
    const hash = this.#context.createHash(algorithm);
    const isTooLong = await this.#copy(source, signal, (chunk) => hash.update(chunk));
    if (isTooLong) return wrongSize(size ?? 0, Number.POSITIVE_INFINITY);
    const received = this.#bytes.length;
    if (size !== undefined && received !== size) return wrongSize(size, received);
    const hex = await hash.hex();
    return hex === encodedOf(digest)
      ? { kind: 'stored', size: received }
      : wrongDigest(digest, hex);
  }

  /** Resolves to true if it stopped because more bytes arrived than wanted. */
  async #copy(
    source: BlobSource,
    signal: AbortSignal,
    hash: (chunk: Uint8Array) => void,
  ): Promise<boolean> {
    const most = this.#wanted.size ?? Number.POSITIVE_INFINITY;
    const reader = source.open(0);
    const cancel = (reason: unknown) => reader.cancel(reason).catch(() => undefined);
    const onAbort = () => void cancel(signal.reason);
    signal.addEventListener('abort', onAbort);
    try {
      for (;;) {
        const { done, value } = await reader.read();
        signal.throwIfAborted();
        if (done) return false;
        const length = this.#bytes.length + value.byteLength;
        if (length > most) {
          void cancel(new Error(`expected ${most} bytes for ${this.#wanted.digest}, got more`));
          return true;
        }
        while (length > this.#taken) await this.#grow();
        hash(value);
        this.#bytes.append(value);
        this.#begin();
      }
    } catch (error) {
      void cancel(error);
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Takes more room; only for a blob of unknown size. */
  async #grow(): Promise<void> {
    try {
      await this.#take(roomStep);
    } catch (error) {
      throw new BlobTooLarge(`${this.#wanted.digest} does not fit into memory`, error);
    }
  }

  async #take(bytes: number): Promise<void> {
    await this.#context.room.take(bytes);
    this.#taken += bytes;
  }

  #giveBack(bytes: number): void {
    this.#taken -= bytes;
    this.#context.room.free(bytes);
  }
}

function reasonOf(outcome: PutOutcome): string {
  return outcome.kind === 'mismatch' ? outcome.reason : outcome.kind;
}
