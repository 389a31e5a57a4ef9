import { withTimeout } from '../../core/concurrency/timeout.ts';
import type { ByteRange } from '../../core/headers/range.ts';
import type { StoredBlob } from '../../core/ports/blob-store.ts';
import { type Extent, GrowingExtent, wholeExtent } from '../../memory/extent.ts';
import type { BlobFolder } from './blob-folder.ts';
import { BlobVerifier, type Pace } from './blob-verifier.ts';
import { fileBody } from './file-body.ts';
import { type FileIdentity, OpenFile } from './open-file.ts';

/**
 * Up to this size, in bytes, a blob is verified before its first byte is sent, if that takes at most
 * `checkPatience` ms. A client then gets the right bytes at once, instead of an answer that is cut. The
 * end of a range within a blob waits as long.
 */
const verifiedFirst = 32 * 1024 * 1024;
const checkPatience = 5_000;

/** The open file of a stored blob, and what it was when it was opened. */
export interface OpenedBlob {
  readonly file: OpenFile;
  readonly identity: FileIdentity;
}

/** What a reader reports of a blob whose file is not what was stored. */
interface ReaderListener {
  gone(blob: StoredBlob): void;
  /** Resolves when the blob is deleted. */
  damaged(blob: StoredBlob): Promise<void>;
}

/** Reads stored blobs. Until a file is verified, its last byte is held back. */
export class FileReader {
  readonly verifier = new BlobVerifier();
  readonly #folder: BlobFolder;
  readonly #listener: ReaderListener;

  constructor(folder: BlobFolder, listener: ReaderListener) {
    this.#folder = folder;
    this.#listener = listener;
  }

  /** Resolves to undefined if the file was removed or changed its size; rejects if it cannot be opened. */
  async open(blob: StoredBlob): Promise<OpenedBlob | undefined> {
    try {
      const file = await OpenFile.read(this.#folder.path(blob.digest));
      const { identity } = file;
      if (identity.size === blob.size) return { file, identity };
      file.release();
    } catch (error) {
      const isGone = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      if (!isGone) throw error;
      this.#listener.gone(blob);
      return undefined;
    }
    await this.#listener.damaged(blob);
    return undefined;
  }

  /** How far a blob may be read; undefined if it is corrupt and was deleted. */
  async extentOf(
    blob: StoredBlob,
    opened: OpenedBlob,
    range: ByteRange | undefined,
  ): Promise<Extent | undefined> {
    const { digest, size } = blob;
    if (this.verifier.has(digest, opened.identity)) return wholeExtent(size);
    if (size <= verifiedFirst) {
      const isRight = await withTimeout(checkPatience, this.verify(blob, opened));
      if (isRight !== undefined) return isRight ? wholeExtent(size) : undefined;
    }
    const extent = new GrowingExtent(size);
    this.#grant(extent, blob, opened, range);
    return extent;
  }

  /** Streams a blob; the stream fails if its file is gone or corrupt. */
  follow(blob: StoredBlob, range: ByteRange | undefined): ReadableStream<Uint8Array> {
    const extent = new GrowingExtent(blob.size);
    const opening = this.open(blob).then((opened) => {
      if (opened === undefined) throw corrupt(blob);
      this.#grant(extent, blob, opened, range);
      return opened.file;
    });
    opening.catch((error) => extent.fail(error));
    return fileBody(opening, extent, range);
  }

  /** Reads a blob and compares it with its digest. One that is corrupt is deleted first. */
  async verify(blob: StoredBlob, { file }: OpenedBlob, pace?: Pace): Promise<boolean> {
    const isRight = await this.verifier.check(blob, file, pace);
    if (!isRight) await this.#listener.damaged(blob);
    return isRight;
  }

  /**
   * Grants all bytes but the last of the blob or of the range, and that when they are verified. Who reads
   * a large blob by small ranges does not wait long for the end of a range within it.
   */
  #grant(
    extent: GrowingExtent,
    blob: StoredBlob,
    opened: OpenedBlob,
    range: ByteRange | undefined,
  ): void {
    if (this.verifier.has(blob.digest, opened.identity)) {
      extent.end(blob.size);
      return;
    }
    extent.grow(range?.end ?? blob.size);
    const checking = this.verify(blob, opened).then(
      (isRight) => (isRight ? extent.end(blob.size) : extent.fail(corrupt(blob))),
      (error) => extent.fail(error),
    );
    void withTimeout(checkPatience, checking).then(() => extent.grow(blob.size));
  }
}

function corrupt({ digest }: StoredBlob): Error {
  return new Error(`the stored blob ${digest} is corrupt`);
}
