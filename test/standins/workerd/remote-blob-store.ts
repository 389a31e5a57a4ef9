import type { ByteRange } from '../../../functions/core/headers/range.ts';
import type { Digest } from '../../../functions/core/oci/digest.ts';
import type {
  BlobLocation,
  BlobPut,
  BlobSource,
  BlobStore,
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
  readonly #workerd: Workerd;
  readonly #sources: SourceServer;
  readonly #instance: number;

  constructor(workerd: Workerd, sources: SourceServer, instance: number) {
    this.#workerd = workerd;
    this.#sources = sources;
    this.#instance = instance;
  }

  async stat(digest: Digest): Promise<StoredBlob | undefined> {
    return this.#call<StoredBlob | undefined>('stat', digest);
  }

  async locate(digest: Digest, range?: ByteRange): Promise<BlobLocation | undefined> {
    const response = await this.#workerd.locate({ instance: this.#instance, digest, range });
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
  async #call<Value>(method: string, ...args: unknown[]): Promise<Value> {
    const call = { instance: this.#instance, port: 'blobs', method, args };
    return (await this.#workerd.call(call)) as Value;
  }
}

function readOutcome(value: unknown): PutOutcome {
  if (typeof value !== 'object' || value === null || !('kind' in value)) throw new Error('no end');
  // What a port of the same type gave, by way of JSON.
  return value as PutOutcome;
}
