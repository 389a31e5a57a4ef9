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
import { ActivePuts } from '../../memory/active-puts.ts';
import { BlobFolder } from './blob-folder.ts';
import { FileBlobPut, type Incoming } from './blob-put.ts';

import type { Pace } from './blob-verifier.ts';
import { type DiskSize, DiskSpace } from './disk-space.ts';
import { fileBody } from './file-body.ts';
import { HashThread } from './file-hash.ts';
import { FileReader } from './file-reader.ts';
import { SmallBlobs } from './small-blobs.ts';

/** How to open the store. */
export interface FileBlobStoreOptions {
  /** Ms since 1970. */
  now(): number;
  /** Measures the disk of a folder. Default: by the file system. */
  readonly diskSize?: (folder: string) => Promise<DiskSize | undefined>;
  /** Called when the disk is nearly full, at most once a minute, and for each damaged file. */
  onProblem?(reason: string): void;
}

/**
 * Blobs as files. Their sizes are in memory as well, so that `stat` needs no I/O. Disks corrupt files
 * silently, so each is verified before its last byte is sent for the first time.
 */
export class FileBlobStore implements BlobStore {
  readonly #folder: BlobFolder;
  readonly #options: FileBlobStoreOptions;
  readonly #space: DiskSpace;
  readonly #stored = new Map<Digest, StoredBlob>();
  /** Deletions in progress: a blob that is stored again must not lose its new file to one. */
  readonly #removing = new Map<Digest, Promise<void>>();
  readonly #puts = new ActivePuts();
  readonly #hashThread = new HashThread();
  readonly #reader: FileReader;
  readonly #small = new SmallBlobs();
  readonly #damageListeners: ((digest: Digest) => void)[] = [];
  #usedBytes = 0;

  private constructor(data: string, options: FileBlobStoreOptions) {
    this.#options = options;
    this.#folder = new BlobFolder(join(data, 'blobs'));
    this.#reader = new FileReader(this.#folder, {
      gone: (blob) => this.#forgetGone(blob),
      damaged: (blob) => this.#removeDamaged(blob),
    });
    this.#space = new DiskSpace(data, (reason) => options.onProblem?.(reason), options.diskSize);
  }

  /** Opens the store in `<data>/blobs`, or creates it. */
  static async open(data: string, options: FileBlobStoreOptions): Promise<FileBlobStore> {
    const store = new FileBlobStore(data, options);
    await store.#folder.prepare();
    for (const blob of await store.#folder.scan()) store.#remember(blob);
    return store;
  }

  async stat(digest: Digest): Promise<StoredBlob | undefined> {
    return this.#stored.get(digest);
  }

  async locate(digest: Digest, range?: ByteRange): Promise<BlobLocation | undefined> {
    const blob = this.#stored.get(digest);
    if (blob === undefined) return undefined;
    const { size } = blob;
    let bytes = this.#small.get(digest);
    if (bytes === undefined) {
      const opened = await this.#reader.open(blob);
      if (opened === undefined) return undefined;
      const { file } = opened;
      if (!this.#small.isSmall(size)) {
        const extent = await this.#reader.extentOf(blob, opened, range);
        if (extent !== undefined) {
          return { kind: 'stream', size, body: fileBody(Promise.resolve(file), extent, range) };
        }
        file.release();
        return undefined;
      }
      bytes = await this.#small.read(digest, size, file).finally(() => file.release());
      if (bytes === undefined) {
        await this.#removeDamaged(blob);
        return undefined;
      }
    }
    const body = range === undefined ? bytes : bytes.subarray(range.start, range.end + 1);
    return { kind: 'stream', size, body };
  }

  /** Ignored: this store knows what it has. */
  noteStored(): void {}

  put(blob: WantedBlob, source: BlobSource, { signal }: PutOptions = {}): BlobPut {
    const stored = this.#stored.get(blob.digest);
    if (stored !== undefined) return this.#alreadyStored(stored);
    const context = {
      folder: this.#folder,
      space: this.#space,
      hashThread: this.#hashThread,
      publish: (incoming: Incoming, digest: Digest, size: number) =>
        this.#publish(incoming, digest, size),
    };
    return this.#puts.start(signal, (stopped) => new FileBlobPut(blob, source, stopped, context));
  }

  async recheck(digest: Digest): Promise<boolean> {
    return this.#reader.verifier.knows(digest) || this.readAgain(digest);
  }

  doubt(digest: Digest): void {
    this.#reader.verifier.doubt(digest);
  }

  onDamaged(listener: (digest: Digest) => void): void {
    this.#damageListeners.push(listener);
  }

  /**
   * Reads a blob whether it is verified or not, at a pace if given, and deletes it if it is corrupt.
   * Resolves to true if it is stored and intact.
   */
  async readAgain(digest: Digest, pace?: Pace): Promise<boolean> {
    const blob = this.#stored.get(digest);
    if (blob === undefined) return false;
    const opened = await this.#reader.open(blob);
    if (opened === undefined) return false;
    return this.#reader.verify(blob, opened, pace).finally(() => opened.file.release());
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
    const all = [...this.#stored.keys()];
    for (const digest of after === undefined ? all : all.filter((one) => one > after).sort()) {
      const blob = this.#stored.get(digest);
      if (blob !== undefined) yield blob;
    }
  }

  /** The blob whose digest is the next after `digest`, or the first; undefined after the last. */
  after(digest: Digest | undefined): StoredBlob | undefined {
    let next: StoredBlob | undefined;
    for (const blob of this.#stored.values()) {
      const isAfter = digest === undefined || blob.digest > digest;
      if (isAfter && (next === undefined || blob.digest < next.digest)) next = blob;
    }
    return next;
  }

  async usedBytes(): Promise<number> {
    return this.#usedBytes;
  }

  /** Aborts the puts in flight and waits for them; readers may finish. */
  async close(): Promise<void> {
    await this.#puts.close();
    await Promise.all([this.#hashThread.close(), this.#reader.verifier.close()]);
  }

  #alreadyStored(blob: StoredBlob): BlobPut {
    return {
      done: Promise.resolve({ kind: 'stored', size: blob.size }),
      follow: (range) => this.#reader.follow(blob, range),
      arrived: () => blob.size,
    };
  }

  async #publish({ path, file }: Incoming, digest: Digest, size: number): Promise<void> {
    const stored = Math.round(this.#options.now());
    await this.#folder.synchroniseFile(file, stored);
    const { identity } = file;
    await this.#removing.get(digest);
    if (this.#stored.has(digest)) return this.#folder.removeIncoming(path);
    await this.#folder.publish(path, digest);
    // Another put of the same blob may have published it meanwhile.
    if (!this.#stored.has(digest)) this.#remember({ digest, size, stored });
    this.#reader.verifier.add(digest, identity);
  }

  #forgetGone(blob: StoredBlob): void {
    if (this.#stored.get(blob.digest) === blob) this.#forget(blob);
  }

  /** Deletes a corrupt blob, unless it was deleted or replaced meanwhile. */
  async #removeDamaged(blob: StoredBlob): Promise<void> {
    const { digest } = blob;
    if (this.#stored.get(digest) !== blob) return;
    await this.delete(digest);
    this.#options.onProblem?.(`deleted the corrupt blob ${digest}`);
    for (const listener of this.#damageListeners) listener(digest);
  }

  #remember(blob: StoredBlob): void {
    this.#stored.set(blob.digest, blob);
    this.#usedBytes += blob.size;
  }

  #forget(blob: StoredBlob): void {
    this.#small.forget(blob.digest);
    this.#reader.verifier.forget(blob.digest);
    this.#stored.delete(blob.digest);
    this.#usedBytes -= blob.size;
  }
}
