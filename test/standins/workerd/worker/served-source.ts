import type { BlobSource } from '../../../../functions/core/ports/blob-store.ts';
import { sourceFailed } from '../wire.ts';

/** The source of a test, which serves its bytes. Like the mirror's own it reads one chunk ahead. */
export function servedSource(url: string): BlobSource {
  return {
    slices: async () => 1,
    open(start, end) {
      let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
      const leaving = new AbortController();
      const read = async () => {
        if (reader === undefined) {
          const range = end === undefined ? '' : `&end=${end}`;
          const { signal } = leaving;
          const response = await fetch(`${url}?start=${start}${range}`, { signal });
          if (response.body === null) return undefined;
          reader = response.body.getReader();
        }
        return (await reader.read()).value;
      };
      return new ReadableStream<Uint8Array>(
        {
          async pull(controller) {
            const bytes = await read().catch(() => {
              throw new Error(sourceFailed);
            });
            if (bytes === undefined) controller.close();
            else controller.enqueue(bytes);
          },
          async cancel(reason) {
            leaving.abort();
            await reader?.cancel(reason).catch(() => undefined);
          },
        },
        { highWaterMark: 1 },
      ).getReader();
    },
  };
}
