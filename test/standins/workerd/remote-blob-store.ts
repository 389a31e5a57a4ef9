import type { ByteRange } from '../../../functions/core/headers/range.ts';
import type { Digest } from '../../../functions/core/oci/digest.ts';
import type {
  BlobLocation,
  BlobPut,
  BlobSource,
  BlobStore,
  Condemnation,
  CondemnedBlob,
  NotedBlob,
  PutOptions,
  PutOutcome,
  StoredBlob,
  WantedBlob,
} from '../../../functions/core/ports/blob-store.ts';
import type { Workerd } from './open-workerd.ts';
import type { SourceServer } from './source-server.ts';
import { sourceFailed } from './wire.ts';

/** The blob store of an instance in workerd. Sources stay here, and are served to it. */
export class RemoteBlobStore implements BlobStore {
  readonly condemnation: Condemnation;
  readonly #workerd: Workerd;
  readonly #sources: SourceServer;
  readonly #instance: number;
  readonly #now: (() => number) | undefined;

  /** `now` is the store's clock, in ms since 1970. */
  constructor(workerd: Workerd, sources: SourceServer, instance: number, now?: () => number) {
    this.#workerd = workerd;
    this.#sources = sources;
    this.#instance = instance;
    this.#now = now;
    const call = <Value>(method: string, ...args: unknown[]) =>
      this.#callOf<Value>('condemnation', method, args);
    this.condemnation = {
      // As r2/blob-store.ts has it.
      memoryLife: 600_000,
      condemn: (digest) => call<StoredBlob | undefined>('condemn', digest),
      due: (limit) => call<readonly CondemnedBlob[]>('due', limit),
      restore: (digest) => call<undefined>('restore', digest),
      erase: (blob) => call<undefined>('erase', blob),
    };
  }

  async stat(digest: Digest): Promise<StoredBlob | undefined> {
    return this.#call<StoredBlob | undefined>('stat', digest);
  }

  async locate(
    digest: Digest,
    range?: ByteRange,
    urlLife?: number,
  ): Promise<BlobLocation | undefined> {
    const now = this.#now?.();
    const asked = { instance: this.#instance, digest, range, urlLife, now };
    const response = await this.#workerd.locate(asked);
    const { headers, body, status } = response;
    if (status === 404) return undefined;
    if (headers.get('x-kind') === 'redirect') {
      return { kind: 'redirect', url: headers.get('x-url') ?? '' };
    }
    if (headers.get('x-kind') !== 'stream') throw new Error(await response.text());
    const size = Number(headers.get('x-size'));
    return { kind: 'stream', size, body: body ?? new Uint8Array() };
  }

  put(blob: WantedBlob, source: BlobSource, options: PutOptions = {}): BlobPut {
    const done = this.#put(blob, source, options);
    done.catch(() => undefined);
    return { done };
  }

  async #put(
    blob: WantedBlob,
    source: BlobSource,
    { signal, progress, pauseAt }: PutOptions,
  ): Promise<PutOutcome> {
    const served = this.#sources.serve(source, signal);
    const { url, abortUrl } = served;
    const abort = signal && abortUrl;
    const put = { instance: this.#instance, blob, progress, pauseAt, source: url, abort };
    try {
      return readOutcome(await this.#workerd.put(put));
    } catch (error) {
      const isSource = error instanceof Error && error.message === sourceFailed;
      throw isSource && served.failure() !== undefined ? served.failure() : error;
    } finally {
      served.remove();
    }
  }

  noteStored(blobs: readonly NotedBlob[]): void {
    this.#call('noteStored', blobs).catch(() => undefined);
  }

  async delete(digest: Digest): Promise<void> {
    await this.#call('delete', digest);
  }

  async *list(after?: Digest): AsyncGenerator<StoredBlob> {
    yield* await this.#call<StoredBlob[]>('list', after);
  }

  usedBytes(): Promise<number> {
    return this.#call<number>('usedBytes');
  }

  /** The Worker's method has this type: both implement the same port. */
  #call<Value>(method: string, ...args: unknown[]): Promise<Value> {
    return this.#callOf<Value>('blobs', method, args);
  }

  async #callOf<Value>(port: string, method: string, args: readonly unknown[]): Promise<Value> {
    const call = { instance: this.#instance, port, method, args, now: this.#now?.() };
    return (await this.#workerd.call(call)) as Value;
  }
}

function readOutcome(value: unknown): PutOutcome {
  if (typeof value !== 'object' || value === null || !('kind' in value)) throw new Error('no end');
  // What a port of the same type gave, by way of JSON.
  return value as PutOutcome;
}
