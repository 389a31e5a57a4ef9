/**
 * Pulls bytes chunk by chunk, like the reader of a byte stream. A layer on top wraps the two methods
 * instead of creating a stream, whose queue would cost more per chunk than the layer's own work.
 *
 * Only one read may be pending. After `cancel`, every read ends with `done`, also a pending one.
 */
export type ByteReader = Pick<ReadableStreamDefaultReader<Uint8Array>, 'read' | 'cancel'>;

export type ByteRead = Awaited<ReturnType<ByteReader['read']>>;

/** The end of the bytes. */
export const noMoreBytes: ByteRead = { done: true, value: undefined };

/** A stream over a reader that reads nothing ahead. */
export function streamOf(reader: ByteReader): ReadableStream<Uint8Array> {
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
