import { close, constants, fstatSync, open, read } from 'node:fs';

/**
 * An open file with several users: the writer of a growing file and all who follow it read through
 * one descriptor, so that 200 followers cost one. It is closed when the last user let go.
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

  /** Creates a file for writing and reading; it must not be there. */
  static create(path: string): Promise<OpenFile> {
    return OpenFile.#open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL);
  }

  static #open(path: string, flags: number): Promise<OpenFile> {
    return new Promise((resolve, reject) => {
      open(path, flags, 0o644, (error, fd) => (error ? reject(error) : resolve(new OpenFile(fd))));
    });
  }

  /** How large it is now, in bytes. The system knows that of an open file without the disk. */
  get size(): number {
    return fstatSync(this.fd).size;
  }

  /** One more user. */
  retain(): this {
    this.#users += 1;
    return this;
  }

  /** One user less. Each must call it once; nobody reads after the last. */
  release(): void {
    this.#users -= 1;
    // Nothing is lost by a failing close: what had to be on disk was synchronised before.
    if (this.#users === 0) close(this.fd, () => undefined);
  }

  /** Reads at `position` into the first `length` bytes of `target`; resolves to how many came. */
  readInto(target: Uint8Array, length: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      read(this.fd, target, 0, length, position, (error, count) => {
        if (error) reject(error);
        else resolve(count);
      });
    });
  }
}
