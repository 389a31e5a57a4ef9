/** What a call takes at most. */
export interface BatchBounds {
  readonly items: number;
  readonly bytes: number;
}

/**
 * Items in batches of a bounded count and size, in their order; `sizeOf` in bytes. An item that is
 * larger than the bound is a batch of its own.
 */
export function* batchesOf<Item>(
  items: Iterable<Item>,
  sizeOf: (item: Item) => number,
  most: BatchBounds,
): Generator<Item[]> {
  let batch: Item[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = sizeOf(item);
    if (batch.length === most.items || (batch.length > 0 && bytes + size > most.bytes)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(item);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}
