import { contentRange } from '../headers/range.ts';
import type { BlobPart } from '../mirror/mirror.ts';
import { type Digest, encodedOf } from '../oci/digest.ts';

/** A body of several ranges. */
interface MultipartBody {
  readonly contentType: string;
  /** In bytes. */
  readonly contentLength: number;
  readonly body: ReadableStream<Uint8Array>;
}

const partType = 'application/octet-stream';

/** RFC 2046 §5.1.1. */
const longestBoundary = 70;

const encoder = new TextEncoder();

/**
 * The multipart/byteranges body of ranges of a blob (RFC 9110 §14.6). The boundary is the blob's own
 * hash, which the blob cannot contain. One part is open at a time, and only once it is read.
 */
export function multipartRanges(
  digest: Digest,
  size: number,
  parts: readonly BlobPart[],
): MultipartBody {
  const boundary = encodedOf(digest).slice(0, longestBoundary);
  const heads = parts.map((part, index) =>
    encoder.encode(
      `${index === 0 ? '' : '\r\n'}--${boundary}\r\nContent-Type: ${partType}\r\n` +
        `Content-Range: ${contentRange(part, size)}\r\n\r\n`,
    ),
  );
  const end = encoder.encode(`\r\n--${boundary}--\r\n`);
  const lengths = parts.map(({ start, end: last }) => last - start + 1);
  const contentLength = [
    ...lengths,
    ...heads.map((head) => head.byteLength),
    end.byteLength,
  ].reduce((sum, length) => sum + length, 0);
  const contentType = `multipart/byteranges; boundary=${boundary}`;
  return { contentType, contentLength, body: streamParts(parts, heads, end) };
}

function streamParts(
  parts: readonly BlobPart[],
  heads: readonly Uint8Array[],
  end: Uint8Array,
): ReadableStream<Uint8Array> {
  let at = 0;
  /** Of the part whose head was sent. */
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  return new ReadableStream(
    {
      async pull(controller) {
        if (reader !== undefined) {
          const { done, value } = await reader.read();
          if (!done) return controller.enqueue(value);
          reader = undefined;
          at += 1;
        }
        const part = parts[at];
        if (part === undefined) {
          controller.enqueue(end);
          return controller.close();
        }
        reader = readerOf(await part.open());
        controller.enqueue(heads[at] ?? end);
      },
      async cancel(reason) {
        // The first part may be open already, though nothing of it was read.
        const open = reader ?? (at === 0 ? await openedReader(parts[0]) : undefined);
        await open?.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

async function openedReader(part: BlobPart | undefined) {
  const body = await part?.open();
  return body && readerOf(body);
}

function readerOf(body: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer>) {
  if (body instanceof ReadableStream) return body.getReader();
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(body);
      controller.close();
    },
  });
  return stream.getReader();
}
