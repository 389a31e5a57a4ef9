interface Slot<Value> {
  readonly value: Value;
  readonly weight: number;
  readonly life: number;
  readonly expires: number;
}

/**
 * Lately used values of a bounded total weight, each with an end of life.
 *
 * Two generations instead of one ordered list: what is used moves to the young one, and when that
 * holds half of the weight it becomes the old one, whose unused values are dropped. So a value that
 * is asked for again and again costs one look-up, and no reordering.
 */
export class BoundedCache<Value> {
  readonly #capacity: number;
  readonly #now: () => number;
  #young = new Map<string, Slot<Value>>();
  #old = new Map<string, Slot<Value>>();
  #youngWeight = 0;

  /** `capacity` is the sum of weights that is kept: entries, or bytes, as the caller weighs. */
  constructor(capacity: number, now: () => number) {
    this.#capacity = capacity;
    this.#now = now;
  }

  get(key: string): Value | undefined {
    const young = this.#young.get(key);
    const slot = young ?? this.#old.get(key);
    if (slot === undefined) return undefined;
    const left = slot.expires - this.#now();
    // More than its life is left after the clock was set back: a short life would last for hours.
    if (left <= 0 || left > slot.life) {
      this.delete(key);
      return undefined;
    }
    if (young === undefined) {
      this.#old.delete(key);
      this.#keep(key, slot);
    }
    return slot.value;
  }

  /** Keeps a value for `milliseconds`; without them until others push it out. */
  set(key: string, value: Value, milliseconds = Number.POSITIVE_INFINITY, weight = 1): void {
    this.delete(key);
    // What is heavier than a generation would push everything else out.
    if (weight > this.#capacity / 2) return;
    this.#keep(key, { value, weight, life: milliseconds, expires: this.#now() + milliseconds });
  }

  /** True when nothing was kept, or all of it is gone. */
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

/** Sets a value as the newest of a map that holds at most `most`: the oldest goes. */
export function keepNewest<Value>(
  map: Map<string, Value>,
  key: string,
  value: Value,
  most: number,
): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= most) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
