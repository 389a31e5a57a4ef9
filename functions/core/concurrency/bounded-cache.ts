interface Slot<Value> {
  readonly value: Value;
  readonly weight: number;
  readonly life: number;
  readonly expires: number;
}

/**
 * An approximate LRU cache bounded by total weight, with a lifetime per value.
 *
 * It has two generations instead of an ordered list: a value that is used moves to the young one. When
 * that holds half of the weight it becomes the old one, and the previous old one is dropped. A hit on
 * a hot key is therefore one look-up, without reordering.
 */
export class BoundedCache<Value> {
  readonly #capacity: number;
  readonly #now: () => number;
  #young = new Map<string, Slot<Value>>();
  #old = new Map<string, Slot<Value>>();
  #youngWeight = 0;

  /** `capacity` is the largest sum of weights; the caller chooses whether a weight means bytes. */
  constructor(capacity: number, now: () => number) {
    this.#capacity = capacity;
    this.#now = now;
  }

  /** `now` spares a caller that knows the time a second look at the clock. */
  get(key: string, now?: number): Value | undefined {
    const young = this.#young.get(key);
    const slot = young ?? this.#old.get(key);
    if (slot === undefined) return undefined;
    // Reading the clock takes longer than the look-up.
    if (slot.life !== Number.POSITIVE_INFINITY && !isAlive(slot, now ?? this.#now())) {
      this.delete(key);
      return undefined;
    }
    if (young === undefined) {
      this.#old.delete(key);
      this.#keep(key, slot);
    }
    return slot.value;
  }

  /** Keeps a value for `milliseconds`; by default until others push it out. */
  set(key: string, value: Value, milliseconds = Number.POSITIVE_INFINITY, weight = 1): void {
    this.delete(key);
    // A value heavier than one generation would evict everything else.
    if (weight > this.#capacity / 2) return;
    this.#keep(key, { value, weight, life: milliseconds, expires: this.#now() + milliseconds });
  }

  get isEmpty(): boolean {
    return this.#young.size === 0 && this.#old.size === 0;
  }

  delete(key: string): void {
    this.#youngWeight -= this.#young.get(key)?.weight ?? 0;
    this.#young.delete(key);
    this.#old.delete(key);
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
    this.#youngWeight = 0;
  }

  #keep(key: string, slot: Slot<Value>): void {
    if (this.#youngWeight + slot.weight > this.#capacity / 2) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngWeight = 0;
    }
    this.#young.set(key, slot);
    this.#youngWeight += slot.weight;
  }
}

/** If the clock was set back, a short-lived value would otherwise last for hours. */
function isAlive({ expires, life }: Slot<unknown>, now: number): boolean {
  const left = expires - now;
  return left > 0 && left <= life;
}

/** Sets a value as the newest of a map and removes the oldest one beyond `most`. */
export function keepNewest<Key, Value>(
  map: Map<Key, Value>,
  key: Key,
  value: Value,
  most: number,
): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > most && oldest !== undefined) map.delete(oldest);
}
