interface Row<Value> {
  readonly value: Value;
  readonly weight: number;
}

/** Rows with a bounded total weight; beyond it, the least recently used are removed. */
export class BoundedRows<Value> {
  readonly #capacity: number;
  /** In the order of their last use. */
  readonly #rows = new Map<string, Row<Value>>();
  #weight = 0;

  /** `capacity` is in bytes. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(key: string): Value | undefined {
    const row = this.#rows.get(key);
    if (row === undefined) return undefined;
    this.#rows.delete(key);
    this.#rows.set(key, row);
    return row.value;
  }

  /** `weight` in bytes, of the value alone. A value heavier than the capacity is not stored. */
  set(key: string, value: Value, weight: number): void {
    this.delete(key);
    const row = { value, weight: weight + 2 * key.length };
    if (row.weight > this.#capacity) return;
    this.#rows.set(key, row);
    this.#weight += row.weight;
    for (const oldest of this.#rows.keys()) {
      if (this.#weight <= this.#capacity) return;
      this.delete(oldest);
    }
  }

  /** In the order of their last use, which this does not change. */
  *entries(): Iterable<readonly [string, Value]> {
    for (const [key, { value }] of this.#rows) yield [key, value];
  }

  keys(): Iterable<string> {
    return this.#rows.keys();
  }

  delete(key: string): void {
    this.#weight -= this.#rows.get(key)?.weight ?? 0;
    this.#rows.delete(key);
  }
}
