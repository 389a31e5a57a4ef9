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

/** A blob of unknown size asks for room each time that it grew by so many bytes. */
const roomStep = 8 * 1024 * 1024;

/** What a put needs of the store. */
export interface PutContext {
  readonly room: Room;
  readonly createHash: Runtime['createHash'];
  /** Makes verified bytes the blob. Gives those that are: another put may have been as quick. */
  publish(digest: Digest, bytes: BlobBytes): BlobBytes;
}

/** A blob on its way into memory: hashed as it comes, and published only if it is what was wanted. */
export class MemoryBlobPut implements BlobPut {
  readonly done: Promise<PutOutcome>;
  readonly begun: Promise<void>;
  readonly #wanted: WantedBlob;
  readonly #context: PutContext;
  #bytes: BlobBytes;
  /** How much of the room is taken, in bytes. */
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
        this.#fail(new Error(`the bytes of ${digest} are wrong: ${reasonOf(outcome)}`));
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

  /** Takes and hashes what comes; says whether it is what was wanted. */
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

  /** Resolves to whether more came than was wanted, and stops then. */
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
          void cancel(new Error(`more than the ${most} bytes of ${this.#wanted.digest} came`));
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

  /** Only a blob of unknown size comes here. */
  async #grow(): Promise<void> {
    try {
      await this.#take(roomStep);
    } catch (error) {
      throw new BlobTooLarge(`${this.#wanted.digest} grew beyond the room in memory`, error);
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
