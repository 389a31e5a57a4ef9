import type { BlobIndex, ListedSpan } from '../../core/bucket/blob-index.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { StoredBlob } from '../../core/ports/blob-store.ts';
import * as statements from './statements.ts';

/** Younger blobs and rows may belong to a put or a deletion in progress. In ms. */
const grace = 3_600_000;

/**
 * The blobs of the bucket as rows of D1, only for their total size, which would otherwise need a
 * listing. The bucket decides what is stored. After a crash between the two, a listing of the bucket
 * repairs the rows.
 */
export class D1BlobIndex implements BlobIndex {
  readonly #database: D1Database;
  readonly #now: () => number;

  /** `now` in ms since 1970. */
  constructor(database: D1Database, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  /** Idempotent. */
  put(blob: StoredBlob): Promise<void> {
    return this.#add([blob]);
  }

  async delete(digest: Digest, erase: () => Promise<void>): Promise<void> {
    await erase();
    await this.#remove([digest]);
  }

  async #add(blobs: readonly StoredBlob[]): Promise<void> {
    if (blobs.length === 0) return;
    await this.#change(statements.addToUsed, statements.addBlobs, JSON.stringify(blobs));
  }

  async #remove(digests: readonly Digest[]): Promise<void> {
    if (digests.length === 0) return;
    await this.#change(statements.takeFromUsed, statements.removeBlobs, JSON.stringify(digests));
  }

  /** Changes the sum and the rows in one transaction. */
  async #change(sum: string, rows: string, list: string): Promise<void> {
    const database = this.#database;
    await database.batch([sum, rows].map((text) => database.prepare(text).bind(list)));
  }

  async used(): Promise<number> {
    return (await this.#database.prepare(statements.usedBytes).first<number>('bytes')) ?? 0;
  }

  async *reconcile({ after, last, blobs }: ListedSpan): AsyncGenerator<StoredBlob> {
    const listing = this.#database.prepare(statements.blobsBetween).bind(after, last);
    const { results: rows } = await listing.all<StoredBlob>();
    const before = this.#now() - grace;
    const stored = new Set(blobs.map(({ digest }) => digest));
    const known = new Set(rows.map(({ digest }) => digest));
    const isOld = (blob: StoredBlob) => blob.stored < before;
    await this.#add(blobs.filter((blob) => isOld(blob) && !known.has(blob.digest)));
    const gone = rows.filter((row) => isOld(row) && !stored.has(row.digest));
    await this.#remove(gone.map(({ digest }) => digest));
    yield* blobs;
  }
}
