import { SingleFlight } from '../../core/concurrency/single-flight.ts';
import { algorithmOf, type Digest, encodedOf } from '../../core/oci/digest.ts';
import type { StoredBlob } from '../../core/ports/blob-store.ts';
import { HashFailed, HashThread } from './file-hash.ts';
import type { FileIdentity, OpenFile } from './open-file.ts';

/**
 * How many checks of a blob doubts can cause in a row. Then one is allowed for each time that is so many
 * times a check's duration, within these bounds in ms: a client may request a blob again and again.
 */
const mostChecks = 4;
const restFactor = 20;
const shortestRest = 250;
const longestRest = 60_000;

/** How much is read at a time if a reading has a pace, in bytes. */
const step = 8 * 1024 * 1024;

/** Waits until the next bytes, given by their number, may be read; rejects to end the reading. */
export type Pace = (bytes: number) => Promise<void>;

/** A file whose bytes were correct. Times are by `performance.now()`. */
interface Verified {
  readonly identity: FileIdentity;
  /** How long after a check another one is paid for. */
  readonly rest: number;
  /** When all checks that doubts caused are paid for; may be in the past. */
  readonly paid: number;
}

/** No file has this identity. */
const doubted: FileIdentity = { inode: -1, size: -1, modified: -1 };

/**
 * The blobs whose bytes this process has hashed, as they arrived or by reading them again. A file that
 * is another one than then, or was changed since, is not verified.
 */
export class BlobVerifier {
  readonly #verified = new Map<Digest, Verified>();
  readonly #reading = new SingleFlight<boolean>({ waitUntil: () => undefined });
  /** Not the thread of the fills, which would wait while it reads a large blob. */
  readonly #thread = new HashThread();

  /** Adds a blob whose bytes were hashed as they arrived. */
  add(digest: Digest, identity: FileIdentity): void {
    this.#verified.set(digest, { identity, rest: shortestRest, paid: 0 });
  }

  forget(digest: Digest): void {
    this.#verified.delete(digest);
  }

  /** Forgets that a blob is verified, unless it was read again too often lately. */
  doubt(digest: Digest): void {
    const verified = this.#verified.get(digest);
    if (verified === undefined) return;
    const { rest } = verified;
    const now = performance.now();
    const paid = Math.max(now, verified.paid) + rest;
    if (paid > now + mostChecks * rest) return;
    this.#verified.set(digest, { identity: doubted, rest, paid });
  }

  /** Tells whether a blob is verified, whatever its file is now. */
  knows(digest: Digest): boolean {
    const verified = this.#verified.get(digest);
    return verified !== undefined && verified.identity !== doubted;
  }

  /** Tells whether this file of a blob is verified. */
  has(digest: Digest, { inode, size, modified }: FileIdentity): boolean {
    const known = this.#verified.get(digest)?.identity;
    return known?.inode === inode && known.size === size && known.modified === modified;
  }

  /**
   * Reads a blob's file and compares it with its digest; callers share one reading. Rejects if the file
   * could not be read, but an unreadable sector is a wrong byte. `pace` is awaited before each step.
   */
  check(blob: StoredBlob, file: OpenFile, pace?: Pace): Promise<boolean> {
    const { digest, size } = blob;
    const { identity } = file;
    // A client must not wait for a reading that takes its time.
    const speed = pace === undefined ? 'fast' : 'slow';
    const key = `${speed} ${digest} ${identity.inode} ${identity.modified}`;
    return this.#reading.run(key, async () => {
      const begun = performance.now();
      const isRight = await this.#matches(digest, size, file.retain(), pace);
      const duration = performance.now() - begun;
      const rest = Math.max(shortestRest, Math.min(longestRest, duration * restFactor));
      const paid = this.#verified.get(digest)?.paid ?? 0;
      if (isRight) this.#verified.set(digest, { identity, rest, paid });
      return isRight;
    });
  }

  close(): Promise<void> {
    return this.#thread.close();
  }

  async #matches(
    digest: Digest,
    size: number,
    file: OpenFile,
    pace: Pace | undefined,
  ): Promise<boolean> {
    const hash = this.#thread.hash(algorithmOf(digest), file);
    try {
      for (let at = 0; pace !== undefined && at < size; at += step) {
        const bytes = Math.min(step, size - at);
        await pace(bytes);
        hash.grown(at + bytes);
      }
      return (await hash.hex(size)) === encodedOf(digest);
    } catch (error) {
      if (error instanceof HashFailed && error.code === 'EIO') return false;
      throw error;
    } finally {
      hash.drop();
      file.release();
    }
  }
}
