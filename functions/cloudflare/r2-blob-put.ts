import { algorithmOf, encodedOf } from '../core/oci/digest.ts';
import type {
  BlobSource,
  PutOptions,
  PutOutcome,
  StoredBlob,
  WantedBlob,
} from '../core/ports/blob-store.ts';
import { platformHash } from './r2-blob-hash.ts';
import { blobKey } from './r2-blob-key.ts';
import { putInParts } from './r2-multipart-put.ts';
import { partBytesOf, wholeBytes } from './r2-part-size.ts';
import { SourceReader } from './r2-source-reader.ts';
import { readProgress } from './r2-upload-progress.ts';

/** What a put needs of the store. */
export interface PutParts {
  readonly bucket: R2Bucket;
  /** Ms since 1970. */
  readonly now: () => number;
  /** After so many bytes a put that may pause does so. */
  readonly bytesPerPut: number;
  /** Asks the bucket for the blob. */
  find(): Promise<StoredBlob | undefined>;
  /** Notes that the blob is in the bucket. */
  note(stored: StoredBlob): Promise<void>;
}

/** One put of one blob: small ones in one piece that R2 itself verifies, others in parts. */
export class R2BlobPut {
  readonly #parts: PutParts;

  constructor(parts: PutParts) {
    this.#parts = parts;
  }

  /** Rejects with the error of the source, of the abort or of R2. */
  async run(wanted: WantedBlob, source: BlobSource, options: PutOptions): Promise<PutOutcome> {
    options.signal?.throwIfAborted();
    const before = await this.#parts.find();
    if (before !== undefined) {
      await this.#dropUpload(wanted, options.progress);
      return this.#stored(before);
    }
    let outcome: PutOutcome;
    try {
      outcome = await this.#send(wanted, source, options);
    } catch (error) {
      // An answer may be lost, or another put of the same bytes was first.
      const stored = options.signal?.aborted === true ? undefined : await this.#findAfter();
      if (stored === undefined) throw error;
      return this.#stored(stored);
    }
    if (outcome.kind !== 'stored') return outcome;
    const stored = await this.#parts.find();
    // Deleted a moment after it was stored, which the row must not outlive.
    return stored === undefined ? outcome : this.#stored(stored);
  }

  async #stored(stored: StoredBlob): Promise<PutOutcome> {
    await this.#parts.note(stored);
    return { kind: 'stored', size: stored.size };
  }

  /** The first error is the one to tell. */
  async #findAfter(): Promise<StoredBlob | undefined> {
    return this.#parts.find().catch(() => undefined);
  }

  async #send(wanted: WantedBlob, source: BlobSource, options: PutOptions): Promise<PutOutcome> {
    if (wanted.size === undefined || wanted.size > wholeBytes) {
      const { bucket, now, bytesPerPut } = this.#parts;
      return putInParts({ bucket, now, bytesPerPut, wanted, source, options });
    }
    const reader = new SourceReader(source, {
      start: 0,
      signal: options.signal,
      now: this.#parts.now,
    });
    try {
      const bytes = new Uint8Array(wanted.size);
      const count = await reader.fill(bytes);
      if (count < wanted.size) return mismatch(`${count} bytes instead of ${wanted.size}`);
      if ((await reader.next(1)) !== undefined) return mismatch(`more than ${wanted.size} bytes`);
      return await this.#putWhole(wanted, bytes);
    } finally {
      reader.close();
    }
  }

  /** R2 verifies them once more: what it got may differ from what was sent. */
  async #putWhole({ digest }: WantedBlob, bytes: Uint8Array): Promise<PutOutcome> {
    const algorithm = algorithmOf(digest);
    const hash = platformHash(algorithm);
    hash.update(bytes);
    const hex = await hash.hex();
    if (hex !== encodedOf(digest)) return mismatch(`their digest ends in ${hex.slice(-8)}`);
    await this.#parts.bucket.put(blobKey(digest), bytes, { [algorithm]: hex });
    return { kind: 'stored', size: bytes.byteLength };
  }

  /** The blob came another way while its upload was paused. */
  async #dropUpload({ digest, size }: WantedBlob, text: string | undefined): Promise<void> {
    const progress = readProgress(text, partBytesOf(size));
    if (progress?.kind !== 'upload') return;
    const upload = this.#parts.bucket.resumeMultipartUpload(blobKey(digest), progress.uploadId);
    await upload.abort().catch(() => undefined);
  }
}

function mismatch(reason: string): PutOutcome {
  return { kind: 'mismatch', reason };
}
