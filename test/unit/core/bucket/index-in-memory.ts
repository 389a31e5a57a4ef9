import type { BlobIndex, IndexedBlob } from '../../../../functions/core/bucket/blob-index.ts';
import type { Digest } from '../../../../functions/core/oci/digest.ts';
import type { CondemnedBlob, StoredBlob } from '../../../../functions/core/ports/blob-store.ts';
import { StoreBusy } from '../../../../functions/core/ports/leases.ts';

/** An index that says what was done with it, for tests of what the core makes of one. */
export class IndexInMemory implements BlobIndex {
  readonly rows = new Map<Digest, IndexedBlob>();
  readonly calls: string[] = [];
  /** Every method rejects with it. */
  failure: Error | undefined;

  async get(digest: Digest): Promise<IndexedBlob | undefined> {
    this.#called('get');
    return this.rows.get(digest);
  }

  async put(blob: StoredBlob): Promise<void> {
    this.#called('put');
    if (this.rows.get(blob.digest)?.isDeleting) throw new StoreBusy('being deleted');
    this.rows.set(blob.digest, { ...blob, condemned: undefined, isDeleting: false });
  }

  async condemn(digest: Digest, since: number): Promise<StoredBlob | undefined> {
    this.#called('condemn');
    const row = this.rows.get(digest);
    if (row === undefined || row.isDeleting) return undefined;
    this.rows.set(digest, { ...row, condemned: since });
    return row.condemned === undefined ? row : undefined;
  }

  async condemnedBefore(time: number, limit: number): Promise<readonly CondemnedBlob[]> {
    this.#called('condemnedBefore');
    return [...this.rows.values()]
      .flatMap(({ digest, condemned: since }) => (since === undefined ? [] : { digest, since }))
      .filter(({ since }) => since < time)
      .slice(0, limit);
  }

  async restore(digest: Digest): Promise<boolean> {
    this.#called('restore');
    const row = this.rows.get(digest);
    if (row === undefined || row.isDeleting) return false;
    this.rows.set(digest, { ...row, condemned: undefined });
    return true;
  }

  async claim({ digest, since }: CondemnedBlob): Promise<boolean> {
    this.#called('claim');
    const row = this.rows.get(digest);
    if (row === undefined || row.condemned !== since) return false;
    this.rows.set(digest, { ...row, isDeleting: true });
    return true;
  }

  async forget({ digest }: CondemnedBlob): Promise<void> {
    this.#called('forget');
    this.rows.delete(digest);
  }

  async used(): Promise<number> {
    this.#called('used');
    return [...this.rows.values()].reduce((sum, { size }) => sum + size, 0);
  }

  async *reconcile({ blobs }: { readonly blobs: readonly StoredBlob[] }) {
    this.#called('reconcile');
    yield* blobs;
  }

  #called(name: string): void {
    this.calls.push(name);
    if (this.failure !== undefined) throw this.failure;
  }
}
