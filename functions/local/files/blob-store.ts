import { join } from 'node:path';
import type { ByteRange } from '../../core/headers/range.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type {
  BlobLocation,
  BlobPut,
  BlobSource,
  BlobStore,
  PutOptions,
  StoredBlob,
  WantedBlob,
} from '../../core/ports/blob-store.ts';
import { wholeExtent } from '../../memory/extent.ts';
import { BlobFolder } from './blob-folder.ts';
import { BlobVerifier } from './blob-verifier.ts';
import { DiskRoom, type DiskSpace } from './disk-space.ts';
import { bodyOf } from './file-body.ts';
import { HashThread } from './file-hash.ts';
import { FileBlobPut, type Incoming, type PutContext } from './file-put.ts';
import { OpenFile } from './open-file.ts';
import { FileSlice } from './slice.ts';
import { SmallBlobs } from './small-blobs.ts';

/** How the store is opened. */
export interface FileBlobStoreOptions {
  /** Ms since 1970. */
  now(): number;
  /** What the disk of a folder holds; the system says it unless said. */
  readonly diskSpace?: (folder: string) => Promise<DiskSpace | undefined>;
  /** Told, at most once a minute, that the disk is nearly full, and of each file that is damaged. */
  onProblem?(reason: string): void;
}

/** Blobs as files. What is stored is kept in memory as well, so that `stat` costs no I/O. */
export class FileBlobStore implements BlobStore {
  readonly #folder: BlobFolder;
  readonly #now: () => number;
  readonly #stored = new Map<Digest, StoredBlob>();
  /** Files being removed: a blob that comes again must not lose its new file to that. */
  readonly #removing = new Map<Digest, Promise<void>>();
  /** The puts under way and what aborts them. */
  readonly #puts = new Map<FileBlobPut, AbortController>();
  readonly #hashThread = new HashThread();
  readonly #room: DiskRoom;
  readonly #onProblem: (reason: string) => void;
  readonly #verified = new BlobVerifier();
  readonly #small = new SmallBlobs();
  #usedBytes = 0;

  private constructor(folder: BlobFolder, room: DiskRoom, options: FileBlobStoreOptions) {
    this.#folder = folder;
    this.#room = room;
    this.#now = options.now;
    this.#onProblem = options.onProblem ?? (() => undefined);
  }

  /** Opens the store in `<data>/blobs`, or creates it. */
  static async open(data: string, options: FileBlobStoreOptions): Promise<FileBlobStore> {
    const folder = new BlobFolder(join(data, 'blobs'));
    await folder.prepare();
    const onFull = (reason: string) => options.onProblem?.(reason);
    const room = new DiskRoom(data, onFull, options.diskSpace);
    const store = new FileBlobStore(folder, room, options);
    for (const blob of await folder.scan()) store.#remember(blob);
    return store;
  }

  async stat(digest: Digest): Promise<StoredBlob | undefined> {
    return this.#stored.get(digest);
  }

  async locate(digest: Digest, range?: ByteRange): Promise<BlobLocation | undefined> {
    const blob = this.#stored.get(digest);
    if (blob === undefined) return undefined;
    const known = this.#small.get(digest);
    if (known !== undefined) return inMemory(known, range);
    const file = await this.#openStored(digest);
    if (file === undefined) return undefined;
    if (this.#small.takes(blob.size)) {
      const reading = this.#small.read(digest, blob.size, file);
      return inMemory(await reading.finally(() => file.release()), range);
    }
    const end = range === undefined ? blob.size : range.end + 1;
    const extent = wholeExtent(blob.size);
    const slice = new FileSlice(Promise.resolve(file), extent, range?.start ?? 0, end);
    return { kind: 'stream', size: blob.size, body: bodyOf(slice) };
  }

  /** What is stored is known here anyway. */
  noteStored(): void {}

  put(blob: WantedBlob, source: BlobSource, { signal }: PutOptions = {}): BlobPut {
    const stored = this.#stored.get(blob.digest);
    if (stored !== undefined) return this.#alreadyStored(stored);
    const abort = new AbortController();
    const onAbort = () => abort.abort(signal?.reason);
    if (signal?.aborted) onAbort();
    signal?.addEventListener('abort', onAbort);
    const put = new FileBlobPut(blob, source, abort.signal, this.#putContext);
    const forget = () => {
      signal?.removeEventListener('abort', onAbort);
      this.#puts.delete(put);
      this.#room.leave(put);
    };
    put.done.then(forget, forget);
    this.#puts.set(put, abort);
    return put;
  }

  async recheck(digest: Digest): Promise<boolean> {
    const blob = this.#stored.get(digest);
    if (blob === undefined) return false;
    if (await this.#verified.check(blob, () => this.#openStored(digest))) return true;
    if (this.#stored.get(digest) === blob) await this.#removeDamaged(digest);
    return false;
  }

  async delete(digest: Digest): Promise<void> {
    const blob = this.#stored.get(digest);
    if (blob === undefined) return;
    this.#forget(blob);
    const removing = this.#folder.remove(digest);
    const removed = removing.catch(() => undefined);
    this.#removing.set(digest, removed);
    try {
      await removing;
    } catch (error) {
      this.#remember(blob);
      throw error;
    } finally {
      if (this.#removing.get(digest) === removed) this.#removing.delete(digest);
    }
  }

  async *list(after?: Digest): AsyncIterable<StoredBlob> {
    const all = [...this.#stored.values()];
    for (const blob of after === undefined ? all : inOrder(all, after)) {
      if (this.#stored.get(blob.digest) === blob) yield blob;
    }
  }

  async usedBytes(): Promise<number> {
    return this.#usedBytes;
  }

  /** Aborts the puts under way and waits for them; readers may finish. */
  async close(): Promise<void> {
    const reason = new Error('the blob store is closing');
    for (const abort of this.#puts.values()) abort.abort(reason);
    await Promise.allSettled(Array.from(this.#puts.keys(), (put) => put.done));
    await Promise.all([this.#hashThread.close(), this.#verified.close()]);
  }

  readonly #putContext: PutContext = {
    hashThread: this.#hashThread,
    createIncoming: async (blob) => {
      await this.#room.admit(blob);
      return this.#folder.createIncoming();
    },
    growIncoming: (blob, bytes) => this.#room.grow(blob, bytes),
    removeIncoming: (path) => this.#folder.removeIncoming(path),
    publish: (incoming, digest, size) => this.#publish(incoming, digest, size),
    openStored: (digest) => OpenFile.read(this.#folder.path(digest)),
  };

  #alreadyStored(stored: StoredBlob): BlobPut {
    const { digest, size } = stored;
    return {
      done: Promise.resolve({ kind: 'stored', size }),
      follow: (range) => {
        const file = OpenFile.read(this.#folder.path(digest));
        const end = range === undefined ? size : range.end + 1;
        return bodyOf(new FileSlice(file, wholeExtent(size), range?.start ?? 0, end));
      },
      arrived: () => size,
    };
  }

  async #publish(incoming: Incoming, digest: Digest, size: number): Promise<void> {
    const stored = Math.round(this.#now());
    await this.#folder.synchroniseFile(incoming.file, stored);
    await this.#removing.get(digest);
    if (this.#stored.has(digest)) return this.#folder.removeIncoming(incoming.path);
    await this.#folder.publish(incoming.path, digest);
    // Another put of the same blob may have been as quick.
    if (!this.#stored.has(digest)) this.#remember({ digest, size, stored });
    this.#verified.add(digest);
  }

  /** undefined, and forgotten, when somebody else removed the file or changed its size. */
  async #openStored(digest: Digest): Promise<OpenFile | undefined> {
    const blob = this.#stored.get(digest);
    try {
      const file = await OpenFile.read(this.#folder.path(digest));
      if (blob === undefined || file.size === blob.size) return file;
      file.release();
    } catch (error) {
      const isGone = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      if (!isGone) throw error;
      if (blob !== undefined && this.#stored.get(digest) === blob) this.#forget(blob);
      return undefined;
    }
    if (this.#stored.get(digest) === blob) await this.#removeDamaged(digest);
    return undefined;
  }

  async #removeDamaged(digest: Digest): Promise<void> {
    await this.delete(digest);
    this.#onProblem(`the file of ${digest} was damaged, and is removed`);
  }

  #remember(blob: StoredBlob): void {
    this.#stored.set(blob.digest, blob);
    this.#usedBytes += blob.size;
  }

  #forget(blob: StoredBlob): void {
    this.#small.forget(blob.digest);
    this.#verified.forget(blob.digest);
    this.#stored.delete(blob.digest);
    this.#usedBytes -= blob.size;
  }
}

function inOrder(blobs: readonly StoredBlob[], after: Digest): readonly StoredBlob[] {
  const wanted = blobs.filter(({ digest }) => digest > after);
  return wanted.sort((one, other) => (one.digest < other.digest ? -1 : 1));
}

function inMemory(bytes: Uint8Array<ArrayBuffer>, range: ByteRange | undefined): BlobLocation {
  const body = range === undefined ? bytes : bytes.subarray(range.start, range.end + 1);
  return { kind: 'stream', size: bytes.byteLength, body };
}
