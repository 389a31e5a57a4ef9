import {
  type BlobIndex,
  claimLife,
  type IndexedBlob,
  type ListedSpan,
} from '../../core/bucket/blob-index.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { CondemnedBlob, StoredBlob } from '../../core/ports/blob-store.ts';
import { StoreBusy } from '../../core/ports/leases.ts';
import { busyIfOverloaded } from './overload.ts';
import * as statements from './statements.ts';

/** Younger blobs and rows may belong to a put or a deletion in progress. In ms. */
const grace = 3_600_000;

type Value = string | number;

/** A blob's row. `deleting` is when its deletion was claimed. */
interface BlobRow extends StoredBlob {
  readonly condemned: number | null;
  readonly deleting: number | null;
}

/**
 * The blobs of the bucket as rows of D1, and their total size, which would otherwise need a listing.
 * After a crash between the bucket and D1, a listing of the bucket repairs the rows.
 */
export class D1BlobIndex implements BlobIndex {
  readonly #database: D1Database;
  readonly #now: () => number;

  /** `now` in ms since 1970. */
  constructor(database: D1Database, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  async get(digest: Digest): Promise<IndexedBlob | undefined> {
    const row = await this.#first<BlobRow>(statements.getBlob, digest);
    if (row === null) return undefined;
    const { size, stored, condemned, deleting } = row;
    return {
      digest,
      size,
      stored,
      condemned: condemned ?? undefined,
      isDeleting: deleting !== null,
    };
  }

  async put(blob: StoredBlob): Promise<void> {
    const list = JSON.stringify([blob]);
    const results = await this.#batch<BlobRow>(
      this.#bound(statements.addToUsed, list),
      this.#bound(statements.addBlobs, list),
      this.#bound(statements.getBlob, blob.digest),
    );
    const deleting = results.at(-1)?.results[0]?.deleting ?? undefined;
    if (deleting !== undefined) throw new StoreBusy(`${blob.digest} is being deleted`);
  }

  async condemn(digest: Digest, since: number): Promise<StoredBlob | undefined> {
    const [found] = await this.#batch<BlobRow>(
      this.#bound(statements.getBlob, digest),
      this.#bound(statements.takeFromUsed, JSON.stringify([digest])),
      this.#bound(statements.condemnBlob, digest, since),
    );
    const row = found?.results[0];
    if (row === undefined || row.condemned !== null) return undefined;
    return { digest, size: row.size, stored: row.stored };
  }

  async condemnedBefore(time: number, limit: number): Promise<readonly CondemnedBlob[]> {
    const listing = this.#bound(statements.condemnedBefore, time, limit).all<CondemnedBlob>();
    return (await busyIfOverloaded(listing)).results;
  }

  async restore(digest: Digest): Promise<boolean> {
    const results = await this.#batch<BlobRow>(
      this.#bound(statements.returnToUsed, digest),
      this.#bound(statements.restoreBlob, digest),
      this.#bound(statements.getBlob, digest),
    );
    return results.at(-1)?.results[0]?.condemned === null;
  }

  async claim({ digest, since }: CondemnedBlob, now: number): Promise<boolean> {
    const expired = now - claimLife;
    return (await this.#first(statements.claimBlob, digest, since, now, expired)) !== null;
  }

  async forget({ digest, since }: CondemnedBlob): Promise<void> {
    await busyIfOverloaded(this.#bound(statements.forgetBlob, digest, since).run());
  }

  async used(): Promise<number> {
    return (await this.#database.prepare(statements.usedBytes).first<number>('bytes')) ?? 0;
  }

  async *reconcile({ after, last, blobs }: ListedSpan): AsyncGenerator<StoredBlob> {
    const listing = this.#bound(statements.blobsBetween, after, last).all<BlobRow>();
    const { results: rows } = await busyIfOverloaded(listing);
    const before = this.#now() - grace;
    const objects = new Set(blobs.map(({ digest }) => digest));
    const known = new Map(rows.map((row) => [row.digest, row]));
    const isOld = (blob: StoredBlob) => blob.stored < before;
    await this.#add(blobs.filter((blob) => isOld(blob) && !known.has(blob.digest)));
    // A condemned one is removed when it is due.
    const isLost = (row: BlobRow) =>
      isOld(row) && row.condemned === null && !objects.has(row.digest);
    await this.#remove(rows.filter(isLost).map(({ digest }) => digest));
    for (const blob of blobs) {
      const { condemned = null, stored = blob.stored } = known.get(blob.digest) ?? {};
      if (condemned === null) yield { ...blob, stored };
    }
  }

  async #add(blobs: readonly StoredBlob[]): Promise<void> {
    if (blobs.length === 0) return;
    const list = JSON.stringify(blobs);
    await this.#batch(
      this.#bound(statements.addToUsed, list),
      this.#bound(statements.addBlobs, list),
    );
  }

  async #remove(digests: readonly Digest[]): Promise<void> {
    if (digests.length === 0) return;
    const list = JSON.stringify(digests);
    await this.#batch(
      this.#bound(statements.takeFromUsed, list),
      this.#bound(statements.removeBlobs, list),
    );
  }

  #bound(statement: string, ...values: readonly Value[]): D1PreparedStatement {
    return this.#database.prepare(statement).bind(...values);
  }

  #first<Row>(statement: string, ...values: readonly Value[]): Promise<Row | null> {
    return busyIfOverloaded(this.#bound(statement, ...values).first<Row>());
  }

  /** One transaction: the sum changes with the rows. */
  #batch<Row>(...steps: readonly D1PreparedStatement[]): Promise<readonly D1Result<Row>[]> {
    return busyIfOverloaded(this.#database.batch<Row>([...steps]));
  }
}
