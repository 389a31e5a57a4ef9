import { fsync, futimes } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import pLimit from 'p-limit';
import { algorithmOf, type Digest, encodedOf, parseDigest } from '../../core/oci/digest.ts';
import type { StoredBlob } from '../../core/ports/blob-store.ts';
import { OpenFile } from './open-file.ts';

const sync = promisify(fsync);
const setTimes = promisify(futimes);

/** How many files are examined at once when the store opens. */
const scanConcurrency = 32;

/**
 * How many files are synchronised at once. Each occupies one of libuv's four threads, for seconds if
 * it is large, and reads for clients need the others.
 */
const syncConcurrency = 2;

/** The files of a blob store: `sha256/ab/<hex>`, and `incoming/` for unverified blobs. */
export class BlobFolder {
  readonly #folder: string;
  readonly #knownFolders = new Set<string>();
  readonly #syncLimit = pLimit(syncConcurrency);
  #lastIncoming = 0;

  /** `folder` is absolute. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Creates the folder if necessary and removes what an earlier process left unfinished. */
  async prepare(): Promise<void> {
    const incoming = join(this.#folder, 'incoming');
    await rm(incoming, { recursive: true, force: true });
    await mkdir(incoming, { recursive: true });
    await this.#synchronise(this.#folder);
  }

  /** Lists the blobs on disk. */
  async scan(): Promise<StoredBlob[]> {
    const limit = pLimit(scanConcurrency);
    const blobs: StoredBlob[] = [];
    for (const algorithm of ['sha256', 'sha512']) {
      const folder = join(this.#folder, algorithm);
      const shards = await readdir(folder, { withFileTypes: true }).catch(() => []);
      for (const { name: shard } of shards.filter((entry) => entry.isDirectory())) {
        const digests = (await readdir(join(folder, shard)))
          .filter((name) => name.startsWith(shard))
          .flatMap((name) => parseDigest(`${algorithm}:${name}`) ?? []);
        const found = digests.map((digest) => limit(() => this.#statFile(digest)));
        for (const blob of await Promise.all(found)) if (blob !== undefined) blobs.push(blob);
      }
    }
    return blobs;
  }

  path(digest: Digest): string {
    const hex = encodedOf(digest);
    return join(this.#folder, algorithmOf(digest), hex.slice(0, 2), hex);
  }

  /** Creates a file for an incoming blob. */
  async createIncoming(): Promise<{ readonly path: string; readonly file: OpenFile }> {
    this.#lastIncoming += 1;
    const path = join(this.#folder, 'incoming', String(this.#lastIncoming));
    return { path, file: await OpenFile.create(path) };
  }

  /** Forces a file to disk. Its modification time records when the blob was stored. */
  async synchroniseFile(file: OpenFile, stored: number): Promise<void> {
    await setTimes(file.fd, stored / 1000, stored / 1000);
    await this.#syncLimit(() => sync(file.fd));
  }

  /** Moves a synchronised file to its final place, where it survives a crash. */
  async publish(path: string, digest: Digest): Promise<void> {
    const target = this.path(digest);
    await this.#ensureFolder(dirname(target));
    await rename(path, target);
    await this.#synchronise(dirname(target));
  }

  /** Removes a blob's file, if it exists. */
  async remove(digest: Digest): Promise<void> {
    await rm(this.path(digest), { force: true });
  }

  async removeIncoming(path: string): Promise<void> {
    await unlink(path);
  }

  async #ensureFolder(folder: string): Promise<void> {
    if (this.#knownFolders.has(folder)) return;
    await mkdir(folder, { recursive: true });
    await this.#synchronise(dirname(folder));
    await this.#synchronise(this.#folder);
    this.#knownFolders.add(folder);
  }

  /** Forces a folder's entries to disk: only then does a rename survive a crash (POSIX). */
  async #synchronise(folder: string): Promise<void> {
    const handle = await open(folder);
    try {
      await this.#syncLimit(() => handle.sync());
    } finally {
      await handle.close();
    }
  }

  async #statFile(digest: Digest): Promise<StoredBlob | undefined> {
    const found = await stat(this.path(digest));
    if (!found.isFile()) return undefined;
    return { digest, size: found.size, stored: Math.round(found.mtimeMs) };
  }
}
