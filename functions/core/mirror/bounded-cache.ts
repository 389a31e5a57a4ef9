interface Slot<Value> {
  readonly value: Value;
  readonly weight: number;
  readonly expires: number;
}

/** Least recently used values of a bounded total weight, each with an end of life. */
export class BoundedCache<Value> {
  readonly #slots = new Map<string, Slot<Value>>();
  readonly #capacity: number;
  readonly #now: () => number;
  #weight = 0;

  /** `capacity` is the sum of weights that is kept: entries, or bytes, as the caller weighs. */
  constructor(capacity: number, now: () => number) {
    this.#capacity = capacity;
    this.#now = now;
  }

  get(key: string): Value | undefined {
    const slot = this.#slots.get(key);
    if (slot === undefined) return undefined;
    this.#slots.delete(key);
    if (slot.expires <= this.#now()) {
      this.#weight -= slot.weight;
      return undefined;
    }
    // A Map keeps the order of insertion: the newest use goes to the end.
    this.#slots.set(key, slot);
    return slot.value;
  }

  /** Keeps a value for `milliseconds`; without them until others push it out. */
  set(key: string, value: Value, milliseconds = Number.POSITIVE_INFINITY, weight = 1): void {
    this.delete(key);
    this.#slots.set(key, { value, weight, expires: this.#now() + milliseconds });
    this.#weight += weight;
    for (const [oldest, slot] of this.#slots) {
      if (this.#weight <= this.#capacity) break;
      this.#slots.delete(oldest);
      this.#weight -= slot.weight;
    }
  }

  delete(key: string): void {
    const slot = this.#slots.get(key);
    if (slot === undefined) return;
    this.#slots.delete(key);
    this.#weight -= slot.weight;
  }

  clear(): void {
    this.#slots.clear();
    this.#weight = 0;
  }
}
