/**
 * Bytes that one reader takes chunk by chunk, each when it asks for it: the reader of a stream of
 * bytes, of which these two methods are all that is needed. Layers over it need no stream of their
 * own, whose queue costs more for a chunk than what is done with it.
 *
 * One read at a time. After `cancel` a read, also one under way, is done.
 */
export type ByteReader = Pick<ReadableStreamDefaultReader<Uint8Array>, 'read' | 'cancel'>;

/** What `read` of a ByteReader gives. */
export type ByteRead = Awaited<ReturnType<ByteReader['read']>>;

/** The end of the bytes. */
export const noMoreBytes: ByteRead = { done: true, value: undefined };

/** The bytes as a stream that reads only when it is read. */
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
