import { isUtf8 } from 'node:buffer';
import { joinChunks } from '../../core/bytes/byte-array.ts';
import type { Answer } from '../../core/registry/answer.ts';

/** A body in a result of Lambda. */
export interface ResultBody {
  readonly body: string;
  readonly isBase64Encoded: boolean;
  /** The size that the client gets, in bytes. */
  readonly bytes: number;
}

/**
 * The longest body that fits into a result, in bytes: Lambda accepts 6,291,556 bytes of JSON, and
 * base64 grows it by a third. The rest is for the headers.
 */
export const longestBody = 4_700_000;

/** The longest body that is sent as text, in bytes: JSON may need six bytes for one. */
const longestText = 1_000_000;

/**
 * Sends bytes as text if decoding returns exactly these bytes, else as base64. Text with a byte order
 * mark is base64 too: a decoder might drop the mark.
 */
export function resultBody(bytes: Uint8Array<ArrayBuffer>): ResultBody {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isText = bytes.byteLength <= longestText && !hasMark(bytes) && isUtf8(bytes);
  const body = buffer.toString(isText ? 'utf8' : 'base64');
  return { body, isBase64Encoded: !isText, bytes: bytes.byteLength };
}

function hasMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

/**
 * The headers that are sent. Lambda renames some (`x-amzn-remapped-…`) and rejects a result that uses
 * such names itself, so there is an allow-list.
 */
const allowed: ReadonlySet<string> = new Set([
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
  'ratelimit-limit',
  'ratelimit-remaining',
  'ratelimit-reset',
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

/** The headers of a result, without Content-Length, which the function URL sets itself. */
export function resultHeaders(headers: Headers | Answer['headers']): Record<string, string> {
  const all = headers instanceof Headers ? [...headers] : Object.entries(headers);
  return Object.fromEntries(all.filter(([name]) => allowed.has(name)));
}

/** Reads a stream. Cancels it and resolves to undefined if it exceeds `most` bytes. */
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
