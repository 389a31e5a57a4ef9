import type { BlobSource } from '../../../functions/core/ports/blob-store.ts';
import { sourceOf } from '../../contract/fed-source.ts';

/** A source that is read in slices; `before` is awaited before a slice's first byte. */
export function slicedSource(
  bytes: Uint8Array,
  before: (start: number) => Promise<unknown> = async () => undefined,
): BlobSource & { readonly starts: number[] } {
  const starts: number[] = [];
  return {
    starts,
    slices: async () => 4,
    open(start, end = bytes.byteLength) {
      starts.push(start);
      const last = Math.min(end, bytes.byteLength - 1);
      const inner = sourceOf(bytes).open(start, last);
      let begun: Promise<unknown> | undefined;
      return new ReadableStream<Uint8Array>({
        async pull(controller) {
          begun ??= before(start);
          await begun;
          const { done, value } = await inner.read();
          if (done) controller.close();
          else controller.enqueue(value);
        },
        cancel: (reason) => inner.cancel(reason),
      }).getReader();
    },
  };
}
