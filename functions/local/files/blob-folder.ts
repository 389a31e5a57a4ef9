import { close, fsync, futimes, open } from 'node:fs';
import { mkdir, opendir, readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import pLimit from 'p-limit';
import { algorithmOf, type Digest, encodedOf, parseDigest } from '../../core/oci/digest.ts';
import type { StoredBlob } from '../../core/ports/blob-store.ts';
import { OpenFile } from './open-file.ts';

const openFd = promisify(open);
const closeFd = promisify(close);
const sync = promisify(fsync);
const setTimes = promisify(futimes);

/** How many files are looked at together when the store opens. */
const scanWidth = 32;

/**
 * Files that may be synchronised to disk at once. Each occupies one of libuv's four threads, for
 * seconds if it is large, and clients' reads need the others.
 */
const syncWidth = 2;

/** The files of a blob store: `sha256/ab/<hex>`, and `incoming/` for what is not verified yet. */
export class BlobFolder {
  readonly #folder: string;
  readonly #knownFolders = new Set<string>();
  readonly #synchronising = pLimit(syncWidth);
  #lastIncoming = 0;

  /** `folder` is absolute. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Creates the folder where it is missing and removes what an earlier process left unfinished. */
  async prepare(): Promise<void> {
    await rm(join(this.#folder, 'incoming'), { recursive: true, force: true });
    await mkdir(join(this.#folder, 'incoming'), { recursive: true });
    await this.#synchronise(this.#folder);
  }

  /** Every blob that is there. */
  async scan(): Promise<StoredBlob[]> {
    const found: StoredBlob[] = [];
    const scanning = pLimit(scanWidth);
    for (const algorithm of ['sha256', 'sha512']) {
      for (const shard of await namesIn(join(this.#folder, algorithm))) {
        const names = await readdir(join(this.#folder, algorithm, shard));
        const stored = names.map((name) =>
          scanning(async () => {
            const digest = parseDigest(`${algorithm}:${name}`);
            return digest && name.startsWith(shard) ? this.#statFile(digest) : undefined;
          }),
        );
        for (const blob of await Promise.all(stored)) if (blob !== undefined) found.push(blob);
      }
    }
    return found;
  }

  path(digest: Digest): string {
    const hex = encodedOf(digest);
    return join(this.#folder, algorithmOf(digest), hex.slice(0, 2), hex);
  }

  /** A new file for a blob that comes in. */
  async createIncoming(): Promise<{ readonly path: string; readonly file: OpenFile }> {
    this.#lastIncoming += 1;
    const path = join(this.#folder, 'incoming', String(this.#lastIncoming));
    return { path, file: await OpenFile.create(path) };
  }

  /** Forces a file's bytes to disk; its time of modification says when the blob was stored. */
  async synchroniseFile(file: OpenFile, stored: number): Promise<void> {
    await setTimes(file.fd, stored / 1000, stored / 1000);
    await this.#synchronising(() => sync(file.fd));
  }

  /** Moves a synchronised file to its digest's place, to stay there after a crash. */
  async publish(path: string, digest: Digest): Promise<void> {
    const target = this.path(digest);
    await this.#ensureFolder(dirname(target));
    await rename(path, target);
    await this.#synchronise(dirname(target));
  }

  /** Removes a blob's file; without effect when it is not there. */
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

  /** Forces a folder's names to disk (POSIX: a rename is durable only then). */
  async #synchronise(folder: string): Promise<void> {
    const fd = await openFd(folder, 'r');
    try {
      await this.#synchronising(() => sync(fd));
    } finally {
      await closeFd(fd);
    }
  }

  async #statFile(digest: Digest): Promise<StoredBlob | undefined> {
    const found = await stat(this.path(digest));
    if (!found.isFile()) return undefined;
    return { digest, size: found.size, stored: Math.round(found.mtimeMs) };
  }
}

async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  const entries = await opendir(folder).catch(() => undefined);
  if (entries === undefined) return names;
  for await (const entry of entries) if (entry.isDirectory()) names.push(entry.name);
  return names;
}
