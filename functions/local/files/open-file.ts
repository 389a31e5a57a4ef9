import { close, constants, fstatSync, open, read } from 'node:fs';

/** Tells a file from another one at the same path, and from itself before it was changed. */
export interface FileIdentity {
  readonly inode: number;
  /** In bytes. */
  readonly size: number;
  /** Ms since 1970. */
  readonly modified: number;
}

/**
 * An open file with several users: the writer of a growing file and all who follow it share one
 * descriptor, so that 200 followers cost one. It is closed when the last user releases it.
 */
export class OpenFile {
  /** The descriptor; valid in every thread of the process. */
  readonly fd: number;
  #users = 1;

  private constructor(fd: number) {
    this.fd = fd;
  }

  /** Opens for reading; rejects with the file system's error. */
  static read(path: string): Promise<OpenFile> {
    return OpenFile.#open(path, constants.O_RDONLY);
  }

  /** Creates a file for writing and reading; rejects if it exists. */
  static create(path: string): Promise<OpenFile> {
    return OpenFile.#open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL);
  }

  static #open(path: string, flags: number): Promise<OpenFile> {
    return new Promise((resolve, reject) => {
      open(path, flags, 0o644, (error, fd) => (error ? reject(error) : resolve(new OpenFile(fd))));
    });
  }

  /** What the file is now. For an open file the system knows it without reading the disk. */
  get identity(): FileIdentity {
    const { ino, size, mtimeMs } = fstatSync(this.fd);
    return { inode: ino, size, modified: mtimeMs };
  }

  /** Adds a user. */
  retain(): this {
    this.#users += 1;
    return this;
  }

  /** Removes a user; each must call it exactly once. */
  release(): void {
    this.#users -= 1;
    // A failing close loses nothing: what must be on disk was synchronised before.
    if (this.#users === 0) close(this.fd, () => undefined);
  }

  /**
   * Reads from `position` into the first `length` bytes of `target`; resolves to how many were read.
   * The read starts before this returns. Rejects at the end of the file.
   */
  readInto(target: Uint8Array, length: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      read(this.fd, target, 0, length, position, (error, count) => {
        if (error) reject(error);
        else if (count === 0) reject(new Error('the file of a stored blob is shorter than before'));
        else resolve(count);
      });
    });
  }
}
