import { isUtf8 } from 'node:buffer';
import { joinChunks } from '../../core/bytes/byte-array.ts';
import type { Answer } from '../../core/registry/answer.ts';

/** A body as a result of Lambda carries it. */
export interface SentBody {
  readonly body: string;
  readonly isBase64Encoded: boolean;
  /** Of what the client gets, in bytes. */
  readonly bytes: number;
}

/**
 * The longest body that fits into a result, in bytes: Lambda takes 6,291,556 bytes of JSON, and
 * base64 makes four bytes of three. The rest is for the headers.
 */
export const longestBody = 4_700_000;

/**
 * Up to this size, in bytes, text goes out as text. JSON writes a byte of text in up to six, which
 * a longer one could exceed the limit by; base64 always grows by a third.
 */
const longestText = 1_000_000;

/**
 * Bytes as text when exactly these bytes come out of it again, else as base64. A byte order mark is
 * base64 as well: nobody promises that it passes through every decoder on the way.
 */
export function sentBytes(bytes: Uint8Array<ArrayBuffer>): SentBody {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isText = bytes.byteLength <= longestText && !hasMark(bytes) && isUtf8(bytes);
  const body = buffer.toString(isText ? 'utf8' : 'base64');
  return { body, isBase64Encoded: !isText, bytes: bytes.byteLength };
}

function hasMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

/**
 * What may leave through the front. Lambda renames some headers (`x-amzn-remapped-…`) and refuses
 * the answer of a function that uses such names itself, so nothing goes out that is not listed.
 */
const passing: ReadonlySet<string> = new Set([
  'accept-ranges',
  'allow',
  'cache-control',
  'cache-status',
  'content-range',
  'content-type',
  'cross-origin-opener-policy',
  'cross-origin-resource-policy',
  'docker-content-digest',
  'docker-distribution-api-version',
  'etag',
  'link',
  'location',
  'oci-filters-applied',
  'oci-namespace',
  'origin-agent-cluster',
  'referrer-policy',
  'retry-after',
  'warning',
  'x-content-type-options',
  'x-dns-prefetch-control',
  'x-download-options',
  'x-frame-options',
  'x-permitted-cross-domain-policies',
  'x-xss-protection',
]);

/** The headers of a result. Content-Length is not among them: the front counts the body itself. */
export function sentHeaders(headers: Headers | Answer['headers']): Record<string, string> {
  const all = headers instanceof Headers ? [...headers] : Object.entries(headers);
  return Object.fromEntries(all.filter(([name]) => passing.has(name)));
}

/**
 * Reads a stream to its end; undefined when it has more than `most` bytes, and then it is
 * cancelled. Rejects with the stream's error.
 */
export async function collectBody(
  stream: ReadableStream<Uint8Array>,
  most: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return joinChunks(chunks, length);
    length += value.byteLength;
    if (length > most) {
      await reader.cancel().catch(() => undefined);
      return undefined;
    }
    chunks.push(value);
  }
}
