/** How often the log says that there is no room, in ms. */
const tellEvery = 60_000;

/** How often others are evicted for one blob: another that comes in may take the room first. */
const mostTries = 3;

/** The memory has no room for a blob. */
class MemoryFull extends Error {
  constructor(wanted: number, capacity: number) {
    super(
      `no room in memory for ${megabytes(wanted)} more: the store holds ${megabytes(capacity)}, ` +
        'and what is not evictable takes the rest; the blob is passed through and not stored; ' +
        'raise limits.storeBytes',
    );
    this.name = 'MemoryFull';
  }
}

/** How a room is set up. */
export interface RoomOptions {
  /** The bound, in bytes. */
  readonly capacity: number;
  /** Ms since 1970. */
  now(): number;
  /** How much of what is taken could be freed by eviction, in bytes. */
  evictable(): number;
  /** Called, at most once a minute, with why a blob was refused. */
  onFull(reason: string): void;
}

/** A bound on bytes in memory, which makes room by evicting before it refuses. */
export class Room {
  capacity: number;
  /** Frees bytes until no more than `capacity` are taken, where that is possible. */
  evict: () => Promise<void> = async () => undefined;
  readonly #options: RoomOptions;
  #taken = 0;
  #told = Number.NEGATIVE_INFINITY;

  constructor(options: RoomOptions) {
    this.#options = options;
    this.capacity = options.capacity;
  }

  /** What is taken, and what is waited for, in bytes. */
  get taken(): number {
    return this.#taken;
  }

  /** Takes bytes, once others are evicted where that is needed. Rejects with MemoryFull. */
  async take(bytes: number): Promise<void> {
    const fixed = this.#taken - this.#options.evictable();
    if (fixed + bytes > this.capacity) throw this.#full(bytes);
    this.#taken += bytes;
    for (let tries = 0; this.#taken > this.capacity; tries++) {
      if (tries === mostTries) {
        this.#taken -= bytes;
        throw this.#full(bytes);
      }
      await this.evict();
    }
  }

  free(bytes: number): void {
    this.#taken -= bytes;
  }

  #full(bytes: number): MemoryFull {
    const full = new MemoryFull(bytes, this.capacity);
    const now = this.#options.now();
    if (Math.abs(now - this.#told) >= tellEvery) {
      this.#told = now;
      this.#options.onFull(full.message);
    }
    return full;
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
