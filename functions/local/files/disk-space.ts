import { statfs } from 'node:fs/promises';

/** The share of the disk that stays free for the index and for other programs, and its maximum. */
const reserveShare = 0.05;
const mostReserve = 256 * 1024 * 1024;

/** How often a full disk is reported, in ms. */
const reportInterval = 60_000;

/** The size of a disk, in bytes. */
export interface DiskSize {
  readonly total: number;
  /** What this process can still use. */
  readonly free: number;
}

/** The space that a blob in flight was promised. */
export interface SpaceClaim {
  /** Bytes of it that are not written yet. */
  readonly missing: number;
  /** Adds bytes to it. */
  grant(bytes: number): void;
}

/**
 * The free space on the disk of a folder. A blob that does not fit is refused before its first byte,
 * because a fill that fails halfway cuts the clients that follow it.
 */
export class DiskSpace {
  readonly #folder: string;
  readonly #measure: (folder: string) => Promise<DiskSize | undefined>;
  readonly #onFull: (reason: string) => void;
  readonly #claims = new Set<SpaceClaim>();
  #reported = Number.NEGATIVE_INFINITY;

  /** `onFull` is called at most once a minute. */
  constructor(
    folder: string,
    onFull: (reason: string) => void,
    measure: (folder: string) => Promise<DiskSize | undefined> = diskSize,
  ) {
    this.#folder = folder;
    this.#onFull = onFull;
    this.#measure = measure;
  }

  /** Reserves the space of a blob until `release`; rejects if there is not enough. */
  async reserve(claim: SpaceClaim): Promise<void> {
    const size = await this.#measure(this.#folder);
    // No await between this check and the reservation, so that no two blobs get the same space.
    this.#require(size, claim.missing);
    this.#claims.add(claim);
  }

  /** Adds bytes to a reservation; rejects if there is not enough space. */
  async extend(claim: SpaceClaim, bytes: number): Promise<void> {
    const size = await this.#measure(this.#folder);
    this.#require(size, bytes);
    claim.grant(bytes);
  }

  release(claim: SpaceClaim): void {
    this.#claims.delete(claim);
  }

  #require(size: DiskSize | undefined, wanted: number): void {
    if (size === undefined) return;
    const { total, free } = size;
    const reserve = Math.min(total * reserveShare, mostReserve);
    let left = free - reserve - wanted;
    for (const { missing } of this.#claims) left -= missing;
    if (left >= 0) return;
    const message = `the disk is nearly full: no space for a blob of ${megabytes(wanted)}`;
    const now = performance.now();
    if (now - this.#reported >= reportInterval) {
      this.#reported = now;
      this.#onFull(
        `${message}; ${megabytes(free)} are free at ${this.#folder}, and ${megabytes(reserve)} of ` +
          'them are kept for the index; new blobs are passed through without being stored; free ' +
          'some space, or set limits.storeBytes to less than the disk holds',
      );
    }
    throw new Error(message);
  }
}

/** Resolves to undefined if the file system does not report its size. */
async function diskSize(folder: string): Promise<DiskSize | undefined> {
  const stats = await statfs(folder).catch(() => undefined);
  if (stats === undefined || stats.blocks === 0) return undefined;
  return { total: stats.blocks * stats.bsize, free: stats.bavail * stats.bsize };
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
