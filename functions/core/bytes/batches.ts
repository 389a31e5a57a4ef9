/** Splits items into batches within both limits, in order. A larger item gets a batch of its own. */
export function* batchesOf<Item>(
  items: Iterable<Item>,
  sizeOf: (item: Item) => number,
  limits: { readonly items: number; readonly bytes: number },
): Generator<Item[]> {
  let batch: Item[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = sizeOf(item);
    if (batch.length === limits.items || (batch.length > 0 && bytes + size > limits.bytes)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(item);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}
