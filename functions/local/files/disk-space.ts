import { statfs } from 'node:fs/promises';

/** A part of the disk, this share, stays free for the index and for whoever else writes there. */
const reserveShare = 0.05;
const mostReserve = 256 * 1024 * 1024;

/** How often it is told that the disk is full, in ms. */
const tellEvery = 60_000;

/** A disk in bytes. */
export interface DiskSpace {
  readonly total: number;
  /** What this process may still take. */
  readonly free: number;
}

/** A blob on its way to the disk. */
export interface Growing {
  /** Bytes that it will still take, as far as it was let in. */
  readonly missing: number;
  /** Lets it have so many bytes more than it asked for at first. */
  grant(bytes: number): void;
}

/** The disk has no room for a blob. */
class DiskFull extends Error {
  constructor(wanted: number) {
    super(`the disk is nearly full, without room for a blob of ${megabytes(wanted)}`);
    this.name = 'DiskFull';
  }
}

/**
 * The room on the disk of a folder. A blob that it has no room for is refused before its first byte,
 * as a fill that fails half-way cuts the clients that follow it.
 */
export class DiskRoom {
  readonly #folder: string;
  readonly #measure: (folder: string) => Promise<DiskSpace | undefined>;
  readonly #onFull: (reason: string) => void;
  readonly #admitted = new Set<Growing>();
  #told = Number.NEGATIVE_INFINITY;

  /** `onFull` is told at most once a minute. */
  constructor(
    folder: string,
    onFull: (reason: string) => void,
    measure: (folder: string) => Promise<DiskSpace | undefined> = diskSpace,
  ) {
    this.#folder = folder;
    this.#onFull = onFull;
    this.#measure = measure;
  }

  /** Lets a blob come in, until `leave`; rejects with DiskFull. */
  async admit(blob: Growing): Promise<void> {
    const space = await this.#measure(this.#folder);
    // From here on without waiting, so that two blobs never count on the same room.
    if (space !== undefined) this.#require(space, blob.missing);
    this.#admitted.add(blob);
  }

  /** Lets a blob that came in grow by so many bytes; rejects with DiskFull. */
  async grow(blob: Growing, bytes: number): Promise<void> {
    const space = await this.#measure(this.#folder);
    if (space !== undefined) this.#require(space, bytes);
    blob.grant(bytes);
  }

  leave(blob: Growing): void {
    this.#admitted.delete(blob);
  }

  #require(space: DiskSpace, wanted: number): void {
    const reserve = Math.min(space.total * reserveShare, mostReserve);
    let left = space.free - reserve - wanted;
    for (const other of this.#admitted) left -= other.missing;
    if (left >= 0) return;
    const full = new DiskFull(wanted);
    this.#tell(full, space.free, reserve);
    throw full;
  }

  #tell({ message }: DiskFull, free: number, reserve: number): void {
    const now = performance.now();
    if (now - this.#told < tellEvery) return;
    this.#told = now;
    this.#onFull(
      `${message}: ${megabytes(free)} are free at ${this.#folder}, of which ${megabytes(reserve)} ` +
        'stay free for the index; what is new is passed through and not stored; free space, or ' +
        'set limits.storeBytes to less than the disk holds',
    );
  }
}

/** undefined on a file system that does not say. */
async function diskSpace(folder: string): Promise<DiskSpace | undefined> {
  const stats = await statfs(folder).catch(() => undefined);
  if (stats === undefined || stats.blocks === 0) return undefined;
  return { total: stats.blocks * stats.bsize, free: stats.bavail * stats.bsize };
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
