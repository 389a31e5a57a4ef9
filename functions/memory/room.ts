/** How often a full memory is reported, in ms. */
const reportInterval = 60_000;

/** How often to evict for one blob: another incoming blob may take the room first. */
const mostTries = 3;

/** The memory has no room for a blob. */
class MemoryFull extends Error {
  constructor(wanted: number, capacity: number) {
    super(
      `no room in memory for ${megabytes(wanted)} more: the store is limited to ${megabytes(capacity)}, ` +
        'and the rest of it cannot be evicted now; the blob is passed through without being stored; ' +
        'raise limits.storeBytes',
    );
    this.name = 'MemoryFull';
  }
}

/** How to create a room. */
export interface RoomOptions {
  /** The bound, in bytes. */
  readonly capacity: number;
  /** Ms since 1970. */
  now(): number;
  /** How many of the taken bytes eviction could free. */
  evictable(): number;
  /** Called at most once a minute with the reason why a blob was refused. */
  onFull(reason: string): void;
}

/** A limit on bytes in memory, which evicts before it refuses. */
export class Room {
  capacity: number;
  /** Frees bytes until at most `capacity` are taken, if possible. */
  evict: () => Promise<void> = async () => undefined;
  readonly #options: RoomOptions;
  #taken = 0;
  #reported = Number.NEGATIVE_INFINITY;

  constructor(options: RoomOptions) {
    this.#options = options;
    this.capacity = options.capacity;
  }

  /** The bytes taken, including those that are waited for. */
  get taken(): number {
    return this.#taken;
  }

  /** Takes bytes, evicting others if necessary. Rejects with MemoryFull. */
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
    if (Math.abs(now - this.#reported) >= reportInterval) {
      this.#reported = now;
      this.#options.onFull(full.message);
    }
    return full;
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
