import type { BlobPut } from '../core/ports/blob-store.ts';

/** The puts of a blob store that are in progress. */
export class ActivePuts {
  readonly #puts = new Map<BlobPut, AbortController>();

  /** Starts a put. Its signal aborts with the caller's, and when the store closes. */
  start<Put extends BlobPut>(
    signal: AbortSignal | undefined,
    create: (signal: AbortSignal) => Put,
  ): Put {
    const abort = new AbortController();
    const onAbort = () => abort.abort(signal?.reason);
    if (signal?.aborted) onAbort();
    signal?.addEventListener('abort', onAbort);
    const put = create(abort.signal);
    const forget = () => {
      signal?.removeEventListener('abort', onAbort);
      this.#puts.delete(put);
    };
    put.done.then(forget, forget);
    this.#puts.set(put, abort);
    return put;
  }

  /** Aborts all puts and waits until they have ended. Does not reject. */
  async close(): Promise<void> {
    const reason = new Error('the blob store is closing');
    for (const abort of this.#puts.values()) abort.abort(reason);
    await Promise.allSettled(Array.from(this.#puts.keys(), (put) => put.done));
  }
}
